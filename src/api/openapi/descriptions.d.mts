/** The facts that apiserver/openapi-facts.ts unpacks. */
export function readFacts(): Record<string, unknown>;
/** The name under which the Worker imports the packed module; bundlers are told where it lies. */
export const MODULE: string;
/** Writes the packed module unless it is there and up to date; returns its file name. */
export function descriptionsModule(): string;
