import { badRequest } from '../api/machinery/status-errors.ts';

/** The last key of a page. */
export interface Position {
  namespace: string;
  name: string;
}

const VERSION = 'meta.k8s.io/v1';
const INVALID = 'invalid continue token: continue key is not valid';

const toBase64Url = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');

/** Upstream's token (storage/continue.go): the key after the last one shown, relative to what is listed, and the list's revision. */
export function encodeContinue(revision: number, last: Position, inNamespace: boolean): string {
  const key = inNamespace || !last.namespace ? last.name : `${last.namespace}/${last.name}`;
  return toBase64Url(JSON.stringify({ v: VERSION, rv: revision, start: `${key}\0` }));
}

/** `namespace` is that of the list: undefined for all namespaces, "" for cluster-scoped kinds. */
export function decodeContinue(token: string, namespace: string | undefined): { revision: number; after: Position } {
  let decoded: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    if (!/^[A-Za-z0-9_-]*$/.test(token)) throw new Error('alphabet');
    const bytes = Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    decoded = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    const at = /[^A-Za-z0-9_-]/.exec(token)?.index;
    throw badRequest(`${INVALID}: ${at === undefined ? (error as Error).message : `illegal base64 data at input byte ${at}`}`);
  }
  if (decoded?.v !== VERSION) {
    throw badRequest(`${INVALID}: server does not recognize this encoded version ${String(decoded?.v ?? '')}`);
  }
  if (typeof decoded.rv !== 'number' || decoded.rv === 0) {
    throw badRequest(`${INVALID}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)`);
  }
  const start = decoded.start;
  if (typeof start !== 'string' || !start) throw badRequest(`${INVALID}: encoded start key empty (version meta.k8s.io/v1)`);
  if (start.includes('..') || start.includes('//')) throw badRequest(`${INVALID}: ${start}`);
  const key = start.replace(/^\//, '').replace(/\0$/, '');
  const slash = key.indexOf('/');
  if (namespace !== undefined || slash < 0) return { revision: decoded.rv, after: { namespace: namespace ?? '', name: key } };
  return { revision: decoded.rv, after: { namespace: key.slice(0, slash), name: key.slice(slash + 1) } };
}
