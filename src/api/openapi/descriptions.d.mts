/** Definition name -> { '': its description, field: description }. */
export function readDescriptions(): Record<string, Record<string, string>>;
/** What apiserver/openapi-facts.ts unpacks. */
export function readFacts(): Record<string, unknown>;
/** Writes the packed module unless it is there; returns its file name. */
export function descriptionsModule(): string;
