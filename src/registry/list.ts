import { type Kind, resourceOf } from '../api/machinery/define-kind.ts';
import { goQuote } from '../api/machinery/go-text.ts';
import { failure, badRequest, gone } from '../api/machinery/status-errors.ts';
import { uintError } from '../api/machinery/uint.ts';
import { CONTINUE_TTL_MS } from './limits.ts';
import type { Row } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { decodeContinue, encodeContinue, type Position } from './continue.ts';
import type { ListOptions, ListResult } from './options.ts';
import { selection } from './selectors.ts';

const EXPIRED = 'The resourceVersion for the provided list is too old.';
const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
  'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token ' +
  'results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and ' +
  'now may show up in the list.';

/**
 * LIST (storage/etcd3/store.go GetList and the watch cache before it): now, at a revision, or a further page. Every page of a list shows
 * the same revision. Contradicting query parameters are refused by the API server.
 */
export function listRows(store: Store, kind: Kind, o: ListOptions): ListResult {
  const resource = resourceOf(kind);
  const selected = selection(kind, o.labelSelector, o.fieldSelector);
  const namespace = (o.namespace || selected.namespace) ?? undefined;
  const limit = limitOf(o);
  const start = startOf(store, kind, o, namespace);
  const revision = start.revision ?? store.revision();
  if (o.namespace && selected.namespace !== undefined && selected.namespace !== o.namespace) return { rows: [], revision };
  const query = {
    resource,
    ...(namespace && { namespace }),
    ...(selected.name !== undefined && { name: selected.name }),
    ...(start.after && { after: start.after }),
    ...(start.revision !== undefined && { at: start.revision }),
    ...(selected.where && { where: selected.where }),
  };
  if (limit === undefined) return { rows: store.list(query), revision };
  const rows = store.list({ ...query, limit: limit + 1 });
  if (rows.length < limit) return { rows, revision };
  const last = rows[limit - 1] as Row;
  // Upstream stops at the limit, and does not look whether what remains is selected.
  if (rows.length === limit) {
    const { where: _, ...all } = query;
    const beyond = { ...all, after: { namespace: last.namespace, name: last.name }, limit: 1 };
    if (selected.everything || selected.name !== undefined || store.list(beyond).length === 0) return { rows, revision };
  }
  rows.length = limit;
  const result: ListResult = {
    rows,
    revision,
    continue: encodeContinue(revision, last, namespace !== undefined && kind.namespaced, start.issued ?? o.now),
  };
  // What selectors would leave is not known without looking, and upstream does not look.
  if (selected.everything) result.remaining = store.count(query) - limit;
  return result;
}

/**
 * The current list, or its first page, as bytes: `frame` gives what stands before and after the items, which go without their
 * first `skip` characters. Undefined when the options ask for more than that (a further page, an exact revision, a page of a selection).
 */
export function listBytes(
  store: Store,
  kind: Kind,
  o: ListOptions,
  skip: number,
  frame: (meta: ListMeta) => [head: string, tail: string],
): Uint8Array<ArrayBuffer> | undefined {
  if (o.continue || o.resourceVersionMatch === 'Exact') return undefined;
  const selected = selection(kind, o.labelSelector, o.fieldSelector);
  const limit = limitOf(o);
  if (limit !== undefined && !selected.everything) return undefined;
  const namespace = (o.namespace || selected.namespace) ?? undefined;
  if (o.namespace && selected.namespace !== undefined && selected.namespace !== o.namespace) return undefined;
  if (startOf(store, kind, o, namespace).revision !== undefined) return undefined;
  const revision = store.revision();
  const query = {
    resource: resourceOf(kind),
    ...(namespace && { namespace }),
    ...(selected.name !== undefined && { name: selected.name }),
    ...(selected.where && { where: selected.where }),
    ...(limit !== undefined && { limit }),
  };
  return store.bytes(query, skip, ({ rest, last }) => {
    const next = last && encodeContinue(revision, last, namespace !== undefined && kind.namespaced, o.now);
    return frame({ revision, ...(next !== undefined && { continue: next, remaining: rest }) });
  });
}

/** A page's size. A list "at 0" comes from upstream's cache, which does not page. */
const limitOf = ({ limit, resourceVersion }: ListOptions): number | undefined =>
  limit && limit > 0 && resourceVersion !== '0' ? Math.min(limit, Number.MAX_SAFE_INTEGER) : undefined;

export type ListMeta = Omit<ListResult, 'rows'>;

interface Start {
  /** Undefined: as it is now. */
  revision?: number;
  after?: Position;
  /** When the list's first page was taken (ms). */
  issued?: number;
}

/** The position and revision at which the list starts (storage ValidateListOptions). */
function startOf(store: Store, kind: Kind, o: ListOptions, namespace: string | undefined): Start {
  if (o.continue) return nextPage(store, kind, o, namespace);
  if (!o.resourceVersion) return {};
  const version = parseVersion(o.resourceVersion);
  const exact = o.resourceVersionMatch === 'Exact' || (!o.resourceVersionMatch && (o.limit ?? 0) > 0 && version > 0);
  if (version > store.revision()) throw tooLarge(version, store.revision());
  if (!exact) return {};
  if (version < store.compacted()) throw gone(EXPIRED);
  return { revision: Number(version) };
}

function nextPage(store: Store, kind: Kind, o: ListOptions, namespace: string | undefined): Start {
  const { revision, after, issued } = decodeContinue(o.continue as string, kind.namespaced ? namespace : '');
  if (o.resourceVersion && o.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  // Below zero: go on with things as they are now; the answer said so.
  if (revision < 0) return { after };
  if (revision > store.revision()) throw tooLarge(revision, store.revision());
  const old = issued !== undefined && o.now !== undefined && o.now - issued > CONTINUE_TTL_MS;
  if (!old && revision >= store.compacted())
    return { revision: Number(revision), after, ...(issued !== undefined && { issued }) };
  const error = gone(INCONSISTENT);
  error.status.metadata = { continue: encodeContinue(-1, after, namespace !== undefined && kind.namespaced) };
  throw error;
}

/** A resourceVersion as upstream reads it: an unsigned integer. */
function parseVersion(text: string): bigint {
  const wrong = uintError(text);
  if (!wrong) return BigInt(text);
  throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${goQuote(text)}: ${wrong}`);
}

/** 504: the client has seen a revision that this server has not (storage.NewTooLargeResourceVersionError). */
export function tooLarge(wanted: number | bigint, current: number) {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`;
  return failure(504, 'Timeout', message, { causes, retryAfterSeconds: 1 }, { 'retry-after': '1' });
}
