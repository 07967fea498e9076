import { type Kind, resourceOf } from '../api/machinery/define-kind.ts';
import { type FieldError, invalid, notSupported } from '../api/machinery/field-errors.ts';
import { conflict, invalidError, notFoundError, StatusError } from '../api/machinery/status-errors.ts';
import { parseTime, rfc3339, secondsInMs } from '../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../lib/json.ts';
import { encode } from './encode.ts';
import type { DeleteOptions, DeleteRequest, DeleteResult, ListOptions, ListResult } from './options.ts';
import { nameOf } from './pipeline.ts';
import type { AdmissionRequest } from './ports.ts';
import type { Registry } from './registry.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil'];

/** metav1 ValidateDeleteOptions. */
export function validateDeleteOptions({ orphanDependents, propagationPolicy }: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    errors.push(invalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (propagationPolicy !== undefined && !POLICIES.slice(0, 3).includes(propagationPolicy)) {
    errors.push(notSupported('propagationPolicy', propagationPolicy, POLICIES));
  }
  return errors;
}

/**
 * DELETE (handlers/delete.go, generic/registry/store.go Delete, rest.BeforeDelete): at once, or gracefully, or when the last finalizer
 * is gone. The order of the steps stands here and nowhere else.
 */
export function deleteSteps(registry: Registry, kind: Kind, request: DeleteRequest): DeleteResult {
  const errors = validateDeleteOptions(request);
  if (errors.length) throw invalidError('meta.k8s.io', 'DeleteOptions', '', errors);
  const namespace = kind.namespaced ? request.namespace : '';
  const row = registry.store.get(resourceOf(kind), namespace, request.name as string);
  if (!row) throw notFoundError(nameOf(kind), request.name as string);
  const live = registry.view.decode(row);
  if (kind.subresources?.finalize) {
    const first = terminate(registry, kind, live, request, row.rev);
    if (first) return first;
  }
  checkPreconditions(kind, live, request);
  const grace = request.gracePeriodSeconds !== undefined && request.gracePeriodSeconds < 0 ? 1 : request.gracePeriodSeconds;
  const next = withFreshMeta(live);
  const step = graceful(kind, next, grace, request.now);
  if (step.pending) return answer(kind, live, request, false);
  admit(registry, kind, live, request);
  const finalizers = finalizersFor(kind, live, request);
  if (finalizers) next.metadata.finalizers = finalizers;
  const waits = (next.metadata.finalizers?.length ?? 0) > 0;
  if (!step.graceful && waits) markAsDeleting(next, request.now);
  if (waits || (step.graceful && step.seconds > 0)) {
    if (!next.metadata.finalizers?.length) delete next.metadata.finalizers;
    return answer(kind, rewritten(registry, kind, next, live, row.rev, request), request, false);
  }
  // Upstream writes the end of a grace period as a change of its own before it deletes; here the last state says it.
  const last = step.graceful ? next : live;
  return answer(kind, request.dryRun ? last : registry.remove(kind, live, request, last), request, true);
}

const withFreshMeta = (live: KubeObject): KubeObject => ({ ...live, metadata: { ...live.metadata } });

function rewritten(
  registry: Registry,
  kind: Kind,
  next: KubeObject,
  live: KubeObject,
  prev: number,
  { dryRun }: DeleteRequest,
): KubeObject {
  if (equal(next, live)) return live;
  if (!dryRun) registry.append(kind, next, live, prev);
  return next;
}

function checkPreconditions(kind: Kind, { metadata }: KubeObject, { preconditions }: DeleteOptions): void {
  const what = { group: kind.group, resource: kind.kind };
  if (preconditions?.uid !== undefined && preconditions.uid !== metadata.uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${metadata.uid}).`;
    throw conflict(what, metadata.name, `${why} The object might have been deleted and then recreated`);
  }
  const version = preconditions?.resourceVersion;
  if (version !== undefined && version !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${metadata.resourceVersion}).`;
    throw conflict(what, metadata.name, `${why} The object might have been modified`);
  }
}

/** rest.BeforeDelete for kinds with grace periods: mutates `object`'s metadata. */
function graceful(
  kind: Kind,
  object: KubeObject,
  requested: number | undefined,
  now: number,
): { graceful: boolean; pending: boolean; seconds: number } {
  const { grace } = kind;
  const no = { graceful: false, pending: false, seconds: 0 };
  if (!grace) return no;
  const { metadata } = object;
  if (metadata.deletionTimestamp) {
    const granted = metadata.deletionGracePeriodSeconds;
    if (!granted) return no;
    // Only a shorter period may be asked for.
    if (requested === undefined || requested >= granted) return { ...no, pending: true };
    const began = parseTime(metadata.deletionTimestamp) - secondsInMs(granted);
    let end = began + secondsInMs(requested);
    let seconds = requested;
    if (end < now) {
      end = now;
      if (seconds !== 0) seconds = 1;
    }
    metadata.deletionTimestamp = rfc3339(end);
    metadata.deletionGracePeriodSeconds = seconds;
    return { graceful: true, pending: false, seconds };
  }
  const seconds = grace(object, requested);
  if (seconds === undefined) return no;
  metadata.deletionTimestamp = rfc3339(now + secondsInMs(seconds));
  metadata.deletionGracePeriodSeconds = seconds;
  if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation as number) + 1;
  return { graceful: true, pending: false, seconds };
}

/** The new finalizers, or undefined when they stay (deletionFinalizersForGarbageCollection). */
function finalizersFor(kind: Kind, { metadata }: KubeObject, options: DeleteOptions): string[] | undefined {
  if (kind.defaultPropagation === 'Unsupported') return undefined;
  const old = metadata.finalizers ?? [];
  const { orphan, foreground } = dependents(kind, old, options);
  const next = old.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  if (orphan) next.push(ORPHAN);
  if (foreground) next.push(FOREGROUND);
  const same = next.length === old.length && next.every((f) => old.includes(f));
  return same ? undefined : next;
}

function dependents(kind: Kind, finalizers: string[], { orphanDependents, propagationPolicy }: DeleteOptions) {
  if (orphanDependents !== undefined) return { orphan: orphanDependents, foreground: false };
  if (propagationPolicy) return { orphan: propagationPolicy === 'Orphan', foreground: propagationPolicy === 'Foreground' };
  const asked = finalizers.find((f) => f === ORPHAN || f === FOREGROUND);
  if (asked) return { orphan: asked === ORPHAN, foreground: asked === FOREGROUND };
  return { orphan: kind.defaultPropagation === 'Orphan', foreground: false };
}

/** store.go markAsDeleting. */
function markAsDeleting({ metadata }: KubeObject, now: number): void {
  if (!metadata.deletionTimestamp && (metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation as number) + 1;
  if (!metadata.deletionTimestamp || parseTime(metadata.deletionTimestamp) > now) metadata.deletionTimestamp = rfc3339(now);
  metadata.deletionGracePeriodSeconds = 0;
}

/**
 * Kinds with a /finalize keep finalizers in their spec too: the first deletion only says so, and the object stays until its spec has
 * none (core/namespace/storage, REST.Delete).
 */
function terminate(
  registry: Registry,
  kind: Kind,
  live: KubeObject,
  request: DeleteRequest,
  prev: number,
): DeleteResult | undefined {
  const { uid, resourceVersion } = request.preconditions ?? {};
  const { metadata } = live;
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      nameOf(kind),
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(nameOf(kind), metadata.name, `Precondition failed: ${why}`);
  }
  if (metadata.deletionTimestamp) {
    return live.spec?.finalizers?.length ? answer(kind, live, request, false) : undefined;
  }
  admit(registry, kind, live, request);
  const next = withFreshMeta(live);
  next.metadata.deletionTimestamp = rfc3339(request.now);
  next.status = { ...live.status, phase: 'Terminating' };
  const finalizers = terminationFinalizers(metadata.finalizers ?? [], request);
  if (finalizers.length) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  return answer(kind, rewritten(registry, kind, next, live, prev, request), request, false);
}

function terminationFinalizers(old: string[], { orphanDependents, propagationPolicy }: DeleteOptions): string[] {
  const wants = (name: string, policy: string, byFlag: boolean) => {
    if (orphanDependents !== undefined) return orphanDependents === byFlag;
    return propagationPolicy ? propagationPolicy === policy : old.includes(name);
  };
  const next = old.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  if (wants(ORPHAN, 'Orphan', true)) next.push(ORPHAN);
  if (wants(FOREGROUND, 'Foreground', false)) next.push(FOREGROUND);
  return next;
}

function admit(registry: Registry, kind: Kind, live: KubeObject, r: DeleteRequest): void {
  const { dryRun = false, gracePeriodSeconds, propagationPolicy, preconditions, orphanDependents } = r;
  const request: AdmissionRequest = {
    operation: 'DELETE',
    kind,
    subresource: '',
    namespace: kind.namespaced ? r.namespace : '',
    name: live.metadata.name,
    object: undefined,
    old: live,
    user: r.user,
    dryRun,
    now: r.now,
    options: {
      kind: 'DeleteOptions',
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun && { dryRun: ['All'] }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy && { propagationPolicy }),
      ...(preconditions && { preconditions }),
      ...(orphanDependents !== undefined && { orphanDependents }),
    },
  };
  registry.admission.mutate(request, registry);
  registry.admission.review(request, registry);
}

function answer(kind: Kind, object: KubeObject, request: DeleteRequest, deleted: boolean): DeleteResult {
  const code = !deleted && request.orphanDependents === false ? 202 : 200;
  const view = request.served ? (request.served.fromStored(object) as KubeObject) : object;
  // What is deleted later is shown as it now is; what is gone as a Status, but for kinds that always answer with the object.
  if (!deleted || kind.returnsDeleted) return { deleted, code, body: view, json: encode(view), object, warnings: [] };
  const { name, uid } = object.metadata;
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.resource, uid };
  const body: Obj = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return { deleted, code, body, json: JSON.stringify(body), object, warnings: [] };
}

/** Deletes what a list selects, one by one (Store.DeleteCollection); what another deletion took first is no error. */
export function deleteCollectionSteps(
  registry: Registry,
  kind: Kind,
  request: Omit<DeleteRequest, 'name'> & ListOptions & DeleteOptions,
): ListResult {
  const list = registry.list(kind, request);
  for (const { namespace, name } of list.rows) {
    try {
      deleteSteps(registry, kind, { ...request, namespace, name });
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    }
  }
  return list;
}
