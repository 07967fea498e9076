/** Definition name -> { '': its description, field: description }. */
export function readDescriptions(): Record<string, Record<string, string>>;
/** What apiserver/openapi-facts.ts unpacks. */
export function readFacts(): Record<string, unknown>;
/** Under this name the worker imports the packed module; bundlers are told where it lies. */
export const MODULE: string;
/** Writes the packed module unless it is there and up to date; returns its file name. */
export function descriptionsModule(): string;
