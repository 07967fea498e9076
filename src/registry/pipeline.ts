import { equal, type KubeObject } from '../lib/json.ts';
import { admitDeletion, mutate, review } from './admit.ts';
import {
  answerDeletion,
  checkPreconditions,
  checkStoragePreconditions,
  graceful,
  isHeld,
  markAsDeleting,
  setFinalizers,
  setTerminating,
} from './deletion.ts';
import { encode } from './encode.ts';
import type { Live } from './kernel.ts';
import { checkName, dedupOwners, ensureNamespace, fillSystemFields, wipeSystemFields } from './names.ts';
import type { DeleteResult, PatchType } from './options.ts';
import { changeByPatch } from './patch/patch.ts';
import {
  allocate,
  append,
  appendNew,
  checkAbsent,
  checkIdentity,
  checkNoVersion,
  checkUid,
  checkVersion,
  checkVersionText,
  dropSelfLink,
  erase,
  existing,
  find,
  isFinished,
  keepTimes,
  pickName,
  prepareCreate,
  prepareUpdate,
  received,
  trackFields,
  validateCreate,
  validateUpdate,
  warn,
  type Written,
} from './steps.ts';
import type { DeleteScope, WriteScope } from './write-scope.ts';

/**
 * The steps of each verb in their order, from what the client sent to the row of the log. The order stands here and nowhere else; each
 * list runs inside one transaction.
 */

/** POST (handlers/create.go). */
export function create(scope: WriteScope, sent: KubeObject): Written {
  const { strategy, namespace, warnings } = scope;
  let view = received(scope, sent);
  wipeSystemFields(view);
  ensureNamespace(view, namespace);
  view = strategy.defaults(view);
  dedupOwners(view, false, warnings);
  trackFields(scope, undefined, view);
  const object = strategy.write(view, view);
  return commitCreate(scope, object, true);
}

/** PUT (handlers/update.go). */
export function update(scope: WriteScope, sent: KubeObject): Written {
  const { strategy, namespace, options } = scope;
  let view = received(scope, sent);
  ensureNamespace(view, namespace);
  checkName(view, options.name as string);
  view = strategy.defaults(view);
  const live = find(scope);
  checkUid(scope, view.metadata.uid, live);
  trackFields(scope, live && strategy.read(live.object), view);
  return commit(scope, live, view);
}

/** PATCH (handlers/patch.go). `body` is the patch as it was sent. */
export function patch(scope: WriteScope, type: PatchType, body: string): Written {
  const { strategy, namespace, options } = scope;
  const change = changeByPatch(scope, type, body);
  const live = find(scope, type);
  const before = live && strategy.read(live.object);
  let view = change(before);
  checkIdentity(scope, view, live);
  ensureNamespace(view, namespace);
  checkName(view, options.name as string);
  view = strategy.defaults(view);
  // An apply has merged the managed fields with everything else.
  if (type !== 'apply') trackFields(scope, before, view);
  return commit(scope, live, view);
}

const commit = (scope: WriteScope, live: Live | undefined, view: KubeObject): Written =>
  live
    ? commitUpdate(scope, live, scope.strategy.write(live.object, view))
    : commitCreate(scope, scope.strategy.write(view, view), false);

/**
 * The storage of a new object (generic/registry/store.go Create, rest.BeforeCreate). An object created by PUT or apply may name
 * a revision (etcd3/store.go GuaranteedUpdate), a posted one may not.
 */
function commitCreate(scope: WriteScope, object: KubeObject, posted: boolean): Written {
  const { kernel, namespace, options, warnings } = scope;
  mutate(scope, 'CREATE', object);
  dedupOwners(object, true, warnings);
  if (!posted) checkVersionText(object);
  fillSystemFields(object, kernel.random, options.now);
  const generated = pickName(scope, object);
  allocate(scope, object, undefined);
  ensureNamespace(object, namespace);
  prepareCreate(scope, object);
  validateCreate(scope, object);
  warn(scope, object, undefined);
  review(scope, 'CREATE', object, undefined, 0);
  checkAbsent(scope, object, generated);
  if (posted) checkNoVersion(scope, object);
  return appendNew(scope, object);
}

/** The storage of a changed object (generic/registry/store.go Update, rest.BeforeUpdate). */
function commitUpdate(scope: WriteScope, live: Live, object: KubeObject): Written {
  const { object: old, row } = live;
  mutate(scope, 'UPDATE', object, old);
  dedupOwners(object, true, scope.warnings);
  checkVersion(scope, object, old);
  allocate(scope, object, old);
  ensureNamespace(object, scope.namespace);
  prepareUpdate(scope, object, old);
  validateUpdate(scope, object, old);
  warn(scope, object, old);
  dropSelfLink(scope, object);
  keepTimes(object, old);
  const same = equal(object, old);
  review(scope, 'UPDATE', object, old, same ? undefined : row.json.length);
  if (!isFinished(scope, object, old)) return append(scope, object, live, same);
  erase(scope, old);
  return { object, json: encode(object), created: false };
}

/**
 * DELETE (handlers/delete.go, generic/registry/store.go Delete, rest.BeforeDelete): at once, or gracefully, or when the last finalizer
 * is gone.
 */
export function remove(scope: DeleteScope): DeleteResult {
  const live = existing(scope);
  const { object } = live;
  if (scope.kind.subresources?.finalize) {
    checkStoragePreconditions(scope, object);
    if (!object.metadata.deletionTimestamp) return terminate(scope, live);
    if (isHeld(object)) return answerDeletion(scope, object, false);
  }
  checkPreconditions(scope, object);
  const next: KubeObject = { ...object, metadata: { ...object.metadata } };
  const grace = graceful(scope, next);
  if (grace === 'pending') return answerDeletion(scope, object, false);
  admitDeletion(scope, object);
  const waits = setFinalizers(scope, next, object);
  if (grace === undefined && waits) markAsDeleting(next, scope.options.now);
  if (waits || grace) return answerDeletion(scope, append(scope, next, live).object, false);
  // Upstream writes the end of a grace period as a change of its own before it deletes; here the last state says it.
  return answerDeletion(scope, erase(scope, object, grace === undefined ? object : next), true);
}

/**
 * Marks an object with finalizers in its spec as terminating on its first deletion; it stays until they are removed
 * (core/namespace/storage, REST.Delete).
 */
function terminate(scope: DeleteScope, live: Live): DeleteResult {
  admitDeletion(scope, live.object);
  const next = setTerminating(scope, live.object);
  return answerDeletion(scope, append(scope, next, live).object, false);
}
