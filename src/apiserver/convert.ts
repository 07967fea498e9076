import { apiVersionOf, type Kind, type ServedVersion } from '../api/machinery/define-kind.ts';
import { jsonText, parseStored } from '../api/machinery/numerals.ts';

/** The form in which one address serves a kind. */
export interface Form {
  kind: Kind;
  served: ServedVersion | undefined;
}

const lengths = new WeakMap<Kind, number>();

/** Length of `"kind":"K","apiVersion":"GV",` in stored text, after its opening brace: what items of a list go without. */
export function prefixLength(kind: Kind): number {
  let length = lengths.get(kind);
  if (length === undefined) {
    length = JSON.stringify({ kind: kind.kind, apiVersion: apiVersionOf(kind) }).length - 1;
    lengths.set(kind, length);
  }
  return length;
}

export const servedApiVersion = ({ kind, served }: Form): string => apiVersionOf(served ?? kind);

/** Stored text as one object in the served version. */
export function objectText(form: Form, json: string): string {
  return form.served ? jsonText(form.served.fromStored(parseStored(json))) : json;
}

/** Stored text as an item of a typed list: without kind and apiVersion. */
export function itemText(form: Form, json: string): string {
  if (!form.served) return `{${json.slice(prefixLength(form.kind) + 1)}`;
  const { kind: _, apiVersion: __, ...rest } = form.served.fromStored(parseStored(json));
  return jsonText(rest);
}

/** The text of `metadata`, cut out of stored text: no version changes it. */
export function metadataText(kind: Kind, json: string): string {
  const start = prefixLength(kind) + 1 + '"metadata":'.length;
  return json.slice(start, endOfValue(json, start));
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

/** The index after the object that starts at `start`. */
function endOfValue(json: string, start: number): number {
  let depth = 0;
  for (let i = start; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (c === QUOTE) i = endOfString(json, i);
    else if (c === OPEN) depth++;
    else if (c === CLOSE && --depth === 0) return i + 1;
  }
  throw new Error('stored text is not an object');
}

/** The index of the quote that closes the string at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at > 0; at = json.indexOf('"', at + 1)) {
    let slashes = 0;
    while (json.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  throw new Error('stored text ends in a string');
}

/** One PartialObjectMetadata. */
export const partialText = (apiVersion: string, metadata: string): string =>
  `{"kind":"PartialObjectMetadata","apiVersion":${JSON.stringify(apiVersion)},"metadata":${metadata}}`;
