import { WATCH_MIN_TIMEOUT_SECONDS } from '../limits.ts';
import { badRequest, methodNotAllowed } from '../../api/machinery/status-errors.ts';
import { CREDENTIAL_ID } from '../../authn/tokens.ts';
import type { StreamPort } from '../../lib/stream.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { ApiResponse } from '../messages.ts';
import { JSON_TYPE, notStreamable } from '../negotiate.ts';
import { listParams, parseRevision } from '../params.ts';
import { includeObject } from '../table.ts';
import { checkSelectors } from '../streams/selector.ts';
import type { WatchSpec } from '../streams/spec.ts';
import { WatchSession } from '../streams/watch.ts';

/** GET with ?watch, or of an old /watch/ address (handlers/watch.go, storage/cacher). The stream itself is the shell's. */
export function watch(call: Call, deps: Deps, target: Target): ApiResponse {
  const { info, query, accept } = call;
  const { kind } = target;
  const params = listParams(query, info.watchPath, target.served?.fieldLabels);
  if (kind.verbs && !kind.verbs.includes('watch'))
    throw methodNotAllowed({ group: kind.group, resource: kind.resource }, 'watch');
  if (accept.format === 'yaml') throw notStreamable();
  const revision = parseRevision(params.resourceVersion);
  const fieldSelector = namedField(params.fieldSelector, info.watchPath ? (info.parts[1] ?? '') : '');
  const namespace = kind.namespaced ? info.namespace : '';
  // Such a watch is over before its first event, or can show none.
  if ((params.timeoutSeconds ?? 0) < 0 || accept.as === 'PartialObjectMetadataList') {
    return { status: 200, headers: { 'content-type': JSON_TYPE }, body: '' };
  }
  deps.limits.watch();
  // A bad selector is refused before the stream begins.
  checkSelectors(kind, params.labelSelector, fieldSelector);
  // Without a revision the state comes first, as if sendInitialEvents had been asked for (SetListOptionsDefaults).
  const initial = params.sendInitialEvents ?? revision === 0;
  const current = deps.registry.revision;
  const spec: WatchSpec = {
    type: 'watch',
    group: target.group,
    version: target.version,
    resource: target.resource,
    namespace,
    labelSelector: params.labelSelector,
    fieldSelector,
    revision: initial || revision > 0 ? revision : current,
    as: accept.as,
    apiVersion: accept.apiVersion,
    include: accept.as === 'Table' ? includeObject(query) : 'Metadata',
    bookmarks: params.bookmarks,
    initial,
    columnsSent: false,
    user: call.user.username,
    credential: call.authenticated.extra?.[CREDENTIAL_ID]?.[0] ?? '',
    ...(call.expires !== undefined && { expires: call.expires, issued: true }),
    timeoutSeconds: params.timeoutSeconds || Math.floor(WATCH_MIN_TIMEOUT_SECONDS * (1 + deps.random.next())),
  };
  const open = (port: StreamPort) => new WatchSession(spec, deps.registry, port);
  return { status: 200, headers: { 'content-type': JSON_TYPE }, spec, open };
}

/** A name in the address is the same as a field selector for it. */
function namedField(selector: string, name: string): string {
  if (!name) return selector;
  if (selector && selector !== `metadata.name=${name}`)
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return `metadata.name=${name}`;
}
