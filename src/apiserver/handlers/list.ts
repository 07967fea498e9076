import { StatusError } from '../../api/machinery/status-errors.ts';
import type { ListOptions, ListResult } from '../../registry/options.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { itemText, metadataText, partialText, prefixLength, servedApiVersion } from '../convert.ts';
import { renewIdentity } from '../identity-lease.ts';
import { listParams } from '../params.ts';
import { wrongForm } from '../present.ts';
import { respond, respondBytes, sendsAsIs } from '../respond.ts';
import { columnsFor, definitionsText, includeObject, rowText, tableText } from '../table.ts';
import { computedList } from '../virtual/computed.ts';

/** GET of a collection: assembled from stored text. */
export function list(call: Call, deps: Deps, target: Target): Answer {
  const { info, query } = call;
  const params = listParams(query, false, target.served?.fieldLabels);
  if (target.kind.computed) return computedList(call, deps, target, params);
  if (call.accept.as === 'PartialObjectMetadata') {
    throw wrongForm('PartialObjectMetadata', 'is a list', `${target.kind.kind}List`);
  }
  const options = {
    now: call.now,
    ...(target.kind.namespaced && info.namespace && { namespace: info.namespace }),
    ...(params.labelSelector && { labelSelector: params.labelSelector }),
    ...(params.fieldSelector && { fieldSelector: params.fieldSelector }),
    ...(params.limit !== undefined && { limit: params.limit }),
    ...(params.continue && { continue: params.continue }),
    ...(params.resourceVersion && { resourceVersion: params.resourceVersion }),
    ...(params.resourceVersionMatch && { resourceVersionMatch: params.resourceVersionMatch }),
  };
  if (call.accept.as === 'object' && !target.served && sendsAsIs(call)) {
    const bytes = wholeList(deps, target, options);
    if (bytes) return respondBytes(200, bytes);
  }
  return presentList(call, deps, target, listed(deps, target, options));
}

/** An unpaged list, or the first page, never a string in between. */
function wholeList({ registry }: Deps, target: Target, options: ListOptions): Uint8Array<ArrayBuffer> | undefined {
  const skip = prefixLength(target.kind) + 1;
  return registry.listBytes(target.kind, options, skip, (meta) => [listHead(target, metaText(meta)), ']}\n']);
}

function listed({ registry }: Deps, { kind }: Target, options: ListOptions & { now: number }): ListResult {
  try {
    return registry.list(kind, options);
  } catch (error) {
    if (options.continue && error instanceof StatusError && error.code === EXPIRED) renewIdentity(registry, options.now);
    throw error;
  }
}

const EXPIRED = 410;

/** A list of stored objects in the form that the client asked for. */
export function presentList(call: Call, deps: Deps, target: Target, result: ListResult): Answer {
  const { accept } = call;
  const meta = metaText(result);
  if (accept.as === 'Table') {
    const include = includeObject(call.query);
    const { now } = call;
    const order = target.kind.rowOrder;
    const sorted = order ? [...result.rows].sort((a, b) => order(deps.registry.decode(a), deps.registry.decode(b))) : result.rows;
    const rows = sorted.map((row) => rowText(target, row.json, deps.registry.decode(row), include, accept.apiVersion, now));
    return respond(call, 200, tableText(accept.apiVersion, meta, definitionsText(columnsFor(target.kind)), rows));
  }
  if (accept.as === 'object') {
    return respond(call, 200, `${listHead(target, meta)}${result.rows.map((row) => itemText(target, row.json)).join(',')}]}`);
  }
  const items = result.rows.map((row) => partialText(accept.apiVersion, metadataText(target.kind, row.json)));
  const head = `{"kind":"PartialObjectMetadataList","apiVersion":"${accept.apiVersion}","metadata":{${meta}},"items":[`;
  return respond(call, 200, `${head}${items.join(',')}]}`);
}

const listHead = (target: Target, meta: string): string =>
  `{"kind":"${target.kind.kind}List","apiVersion":"${servedApiVersion(target)}","metadata":{${meta}},"items":[`;

/** The inside of ListMeta. */
function metaText(result: Omit<ListResult, 'rows'>): string {
  let text = `"resourceVersion":"${result.revision}"`;
  if (result.continue) text += `,"continue":${JSON.stringify(result.continue)}`;
  if (result.continue && result.remaining !== undefined) text += `,"remainingItemCount":${result.remaining}`;
  return text;
}
