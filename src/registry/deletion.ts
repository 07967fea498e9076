import { jsonText } from '../api/machinery/numerals.ts';
import type { Kind } from '../api/machinery/define-kind.ts';
import { type FieldError, invalid, notSupported } from '../api/machinery/field-errors.ts';
import { conflict } from '../api/machinery/status-errors.ts';
import { parseTime, rfc3339, secondsInMs } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { encode } from './encode.ts';
import type { DeleteOptions, DeleteResult } from './options.ts';
import type { DeleteScope } from './write-scope.ts';

/** The single steps of a deletion; their order is that of the list in pipeline.ts. */

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil'];

/** Problems of a client's options (metav1 ValidateDeleteOptions). */
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

/** Refuses preconditions that do not hold (rest.BeforeDelete). */
export function checkPreconditions({ kind, options }: DeleteScope, { metadata }: KubeObject): void {
  const { preconditions } = options;
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

/**
 * rest.BeforeDelete for kinds with grace periods: marks `object` with the seconds that it still has, and returns them.
 * Undefined: no grace period; 'pending': the period granted before stays.
 */
export function graceful({ kind, options }: DeleteScope, object: KubeObject): number | bigint | 'pending' | undefined {
  const { grace } = kind;
  if (!grace) return undefined;
  const { metadata } = object;
  const { now, gracePeriodSeconds } = options;
  const requested = gracePeriodSeconds !== undefined && gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds;
  if (metadata.deletionTimestamp) {
    const granted = metadata.deletionGracePeriodSeconds;
    if (!granted) return undefined;
    // Only a shorter period may be asked for.
    if (requested === undefined || requested >= granted) return 'pending';
    const began = parseTime(metadata.deletionTimestamp) - secondsInMs(granted);
    const end = began + secondsInMs(requested);
    const seconds = end < now && requested !== 0 ? 1 : requested;
    metadata.deletionTimestamp = rfc3339(Math.max(end, now));
    metadata.deletionGracePeriodSeconds = seconds;
    return seconds;
  }
  const seconds = grace(object, requested);
  if (seconds === undefined) return undefined;
  metadata.deletionTimestamp = rfc3339(now + secondsInMs(seconds));
  metadata.deletionGracePeriodSeconds = seconds;
  if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation as number) + 1;
  return seconds;
}

/**
 * Puts the finalizers that the propagation policy means into `object`; true when there are any
 * (deletionFinalizersForGarbageCollection).
 */
export function setFinalizers({ kind, options }: DeleteScope, { metadata }: KubeObject, live: KubeObject): boolean {
  const finalizers = kind.defaultPropagation === 'Unsupported' ? undefined : finalizersFor(kind, live, options);
  if (finalizers) metadata.finalizers = finalizers;
  if (metadata.finalizers?.length) return true;
  delete metadata.finalizers;
  return false;
}

/** The new finalizers, or undefined when they are the same. */
function finalizersFor(kind: Kind, { metadata }: KubeObject, options: DeleteOptions): string[] | undefined {
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
export function markAsDeleting({ metadata }: KubeObject, now: number): void {
  if (!metadata.deletionTimestamp && (metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation as number) + 1;
  if (!metadata.deletionTimestamp || parseTime(metadata.deletionTimestamp) > now) metadata.deletionTimestamp = rfc3339(now);
  metadata.deletionGracePeriodSeconds = 0;
}

/** Refuses preconditions that do not hold, in the words of the storage (storage.Preconditions Check). */
export function checkStoragePreconditions({ kind, options }: DeleteScope, { metadata }: KubeObject): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(kind, metadata.name, `Precondition failed: ${why}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(kind, metadata.name, `Precondition failed: ${why}`);
  }
}

/** Whether finalizers in its spec hold the object. */
export const isHeld = ({ spec }: KubeObject): boolean => !!spec?.finalizers?.length;

/** The terminating object: with its phase, and the finalizers of the propagation policy. */
export function setTerminating({ options }: DeleteScope, live: KubeObject): KubeObject {
  const next: KubeObject = { ...live, metadata: { ...live.metadata }, status: { ...live.status, phase: 'Terminating' } };
  next.metadata.deletionTimestamp = rfc3339(options.now);
  const finalizers = terminationFinalizers(live.metadata.finalizers ?? [], options);
  if (finalizers.length) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  return next;
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

/**
 * The answer to a deletion: the object while it is terminating, a Status when it is deleted, but for kinds that always answer
 * with the object.
 */
export function answerDeletion({ kind, options, warnings }: DeleteScope, object: KubeObject, deleted: boolean): DeleteResult {
  const code = !deleted && options.orphanDependents === false ? 202 : 200;
  if (!deleted || kind.returnsDeleted) {
    const view = options.served ? (options.served.fromStored(object) as KubeObject) : object;
    return { deleted, code, body: view, json: encode(view), object, warnings };
  }
  const { name, uid } = object.metadata;
  const details = { name, ...(kind.group && { group: kind.group }), kind: kind.resource, uid };
  const body: Obj = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return { deleted, code, body, json: jsonText(body), object, warnings };
}
