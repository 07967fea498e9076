import { isInt64, plain } from '../api/machinery/numerals.ts';
import { type JsonNode, JsonSyntaxError, parseJson } from '../api/machinery/decode-json.ts';
import { badRequest } from '../api/machinery/status-errors.ts';

/** The last key of a page. */
export interface Position {
  namespace: string;
  name: string;
}

/** The content of a token. */
export interface Continuation {
  /** The list's revision; -1: the current state. */
  revision: number | bigint;
  after: Position;
  /** When the list's first page was taken (ms); absent in tokens of upstream's form. */
  issued?: number;
}

const VERSION = 'meta.k8s.io/v1';
const INVALID = 'invalid continue token: continue key is not valid';

const toBase64Url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/**
 * Upstream's token (storage/continue.go): the key after the last one shown, relative to what is listed, and the list's
 * revision. Ours adds the time of the first page: upstream's grow too old because etcd is compacted every few minutes, by a
 * clock that we do not run.
 */
export function encodeContinue(revision: number, last: Position, inNamespace: boolean, issued?: number): string {
  const key = inNamespace || !last.namespace ? last.name : `${last.namespace}/${last.name}`;
  return toBase64Url(JSON.stringify({ v: VERSION, rv: revision, start: `${key}\0`, ...(issued !== undefined && { t: issued }) }));
}

/** `namespace` is that of the list: undefined for all namespaces, "" for cluster-scoped kinds. */
export function decodeContinue(token: string, namespace: string | undefined): Continuation {
  const { v = '', rv = 0, start = '', t } = read(token);
  if (v !== VERSION) throw badRequest(`${INVALID}: server does not recognize this encoded version ${v}`);
  if (rv === 0) throw badRequest(`${INVALID}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)`);
  if (!start) throw badRequest(`${INVALID}: encoded start key empty (version meta.k8s.io/v1)`);
  if (start.includes('..') || start.includes('//')) throw badRequest(`${INVALID}: ${start}`);
  const path = start.replace(/^\//, '');
  const key = path.endsWith('\0') ? path.slice(0, -1) : beforeKey(path);
  const slash = key.indexOf('/');
  const issued = typeof t === 'number' ? { issued: t } : {};
  if (namespace !== undefined || slash < 0) return { revision: rv, after: { namespace: namespace ?? '', name: key }, ...issued };
  return { revision: rv, after: { namespace: key.slice(0, slash), name: key.slice(slash + 1) }, ...issued };
}

/** The text that sorts right before a key: a token that does not end in NUL begins with the key itself. */
const beforeKey = (key: string): string =>
  `${key.slice(0, -1)}${String.fromCharCode(Math.max(1, key.charCodeAt(key.length - 1) - 1))}~`;

interface Token {
  v?: string;
  rv?: number | bigint;
  start?: string;
  t?: unknown;
}

/** Fields of Go's continueToken and what they hold. */
const FIELDS: Record<string, [JsonNode['t'], string]> = {
  v: ['string', 'string'],
  rv: ['number', 'int64'],
  start: ['string', 'string'],
};

const isInt64Text = (raw: string): boolean => /^-?\d{1,20}$/.test(raw) && isInt64(BigInt(raw));

function read(token: string): Token {
  let node: JsonNode;
  try {
    node = parseJson(fromBase64Url(token));
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(`${INVALID}: ${error.message}`);
    throw error;
  }
  if (node.t === 'null') return {};
  const mismatch = (what: string, where: string) => badRequest(`${INVALID}: json: cannot unmarshal ${what} into Go ${where}`);
  if (node.t !== 'object') throw mismatch(node.t, 'value of type storage.continueToken');
  for (const [name, value] of node.entries) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!field || value.t === 'null') continue;
    const where = `struct field continueToken.${name} of type ${field[1]}`;
    if (value.t !== field[0]) throw mismatch(value.t, where);
    if (value.t === 'number' && !isInt64Text(value.raw)) throw mismatch(`number ${value.raw}`, where);
  }
  return Object.fromEntries(Object.entries(plain(node) as object).filter(([, value]) => value !== null));
}

/** base64.RawURLEncoding. */
function fromBase64Url(token: string): string {
  const bad = /[^A-Za-z0-9_-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : -1);
  if (bad >= 0) throw badRequest(`${INVALID}: illegal base64 data at input byte ${bad}`);
  return new TextDecoder().decode(Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0)));
}
