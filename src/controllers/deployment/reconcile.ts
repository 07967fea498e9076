import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { adoption } from '../shared/adoption.ts';
import { byCreation, controllerRef, managerKeys } from '../shared/owners.ts';
import { isEmptySelector, selectorMatcher } from '../shared/selector.ts';
import { checkPaused, nextCheck, reportCreateFailure, rolloutStatus } from './progress.ts';
import { recreate } from './recreate.ts';
import { revisionOf, syncRevision } from './revision.ts';
import { rollBack, rollbackTarget } from './rollback.ts';
import { beginRollout, COMPONENT, type Draft, type Rollout, recordEvent, SETS } from './rollout.ts';
import { rollOver } from './rolling.ts';
import { isScalingEvent, scaleProportionally } from './scale.ts';
import { historyLimit, isRolling, replicasOf } from './spec.ts';
import { isComplete, statusOf } from './status.ts';

const DEPLOYMENTS = 'apps/deployments';
const USER = `system:serviceaccount:kube-system:${COMPONENT}`;

const deployment: Controller = {
  name: 'deployment',
  manager: 'kube-controller-manager',
  user: USER,
  watches: [
    byObject(DEPLOYMENTS),
    { resource: SETS, keys: (change) => managerKeys(change, 'Deployment', 'apps') },
    { resource: 'pods', keys: recreateKeys },
  ],
  reconcile: (key, view, cx) => {
    const d = view.get(DEPLOYMENTS, key.namespace, key.name);
    return d ? reconcile(d, view, cx) : { actions: [] };
  },
  refused: (key, action, error, view, cx) => {
    const d = view.get(DEPLOYMENTS, key.namespace, key.name);
    if (!d || action.verb !== 'create') return { actions: [] };
    const r = beginRollout(d, view, cx.now);
    reportCreateFailure(r, action.object.metadata.name, error.message);
    return { actions: [...r.events, ...writeStatus(r, r.d.status ?? {})] };
  },
};

/** Adoption of ReplicaSets, then the Deployment itself. */
export const deploymentController: Controller[] = [
  adoption({
    name: 'deployment-adoption',
    user: USER,
    owner: DEPLOYMENTS,
    dependent: SETS,
    matcher: (d) => selectorMatcher(d.spec?.selector),
    eligible: () => true,
  }),
  deployment,
];

/** Keys of Recreate rollouts that may wait for the deleted pod. */
function recreateKeys(change: Change, view: View): Key[] {
  if (change.type !== 'DELETED') return [];
  const namespace = change.object.metadata.namespace ?? '';
  const ref = controllerRef(change.object);
  if (ref?.kind !== 'ReplicaSet') return [];
  const owner = controllerRef(view.get(SETS, namespace, ref.name));
  const d = owner?.kind === 'Deployment' ? view.get(DEPLOYMENTS, namespace, owner.name) : undefined;
  return d && !isRolling(d) ? [{ namespace, name: d.metadata.name }] : [];
}

/** syncDeployment. */
function reconcile(d: KubeObject, view: View, cx: ReconcileCx): Plan {
  const r = beginRollout(d, view, cx.now);
  if (isEmptySelector(d.spec?.selector)) return refuseToSelectAll(r);
  syncRevision(r);
  if (d.metadata.deletionTimestamp) return finish(r, statusOf(r));
  checkPaused(r);
  if (!d.spec?.paused && rollbackTarget(d) !== undefined) return rollBack(r, rollbackTarget(d) ?? 0n);
  if (d.spec?.paused || isScalingEvent(r)) {
    scaleProportionally(r);
    if (d.spec?.paused) cleanUp(r);
    return finish(r, statusOf(r));
  }
  return isRolling(d) ? roll(r) : replace(r);
}

function roll(r: Rollout): Plan {
  const { ok, scaled } = rollOver(r);
  if (!ok) return finish(r, r.d.status ?? {});
  if (!scaled && isComplete(r.d, r.d.status)) cleanUp(r);
  const status = rolloutStatus(r);
  return finish(r, status, nextCheck(r.d, status));
}

function replace(r: Rollout): Plan {
  const { ok, waiting } = recreate(r);
  if (!ok) return finish(r, r.d.status ?? {});
  if (!waiting && isComplete(r.d, r.d.status)) cleanUp(r);
  const status = rolloutStatus(r);
  return finish(r, status, nextCheck(r.d, status));
}

/** Reports an empty selector and writes nothing else: it would own every set of the namespace. */
function refuseToSelectAll(r: Rollout): Plan {
  const { generation = 0 } = r.d.metadata;
  if ((r.d.status?.observedGeneration ?? 0) >= generation) return { actions: [] };
  recordEvent(r, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
  return finish(r, { ...r.d.status, observedGeneration: generation });
}

/** Deletes old sets beyond the history limit, the oldest revisions first, if they are empty and observed (cleanupDeployment). */
function cleanUp(r: Rollout): void {
  const limit = historyLimit(r.d);
  if (limit === undefined) return;
  const alive = r.old.filter(({ set }) => !set.metadata.deletionTimestamp);
  const surplus = alive.length - limit;
  if (surplus <= 0) return;
  alive.sort(byRevision);
  for (const draft of alive.slice(0, surplus)) {
    const { status, metadata } = draft.set;
    const isObserved = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
    if (draft.state === 'as-is' && isObserved && !status?.replicas && replicasOf(draft.set) === 0) draft.state = 'deleted';
  }
}

function byRevision(a: Draft, b: Draft): number {
  const [x, y] = [revisionOf(a.set), revisionOf(b.set)];
  return x === undefined || y === undefined || x === y ? byCreation(a.set, b.set) : x < y ? -1 : 1;
}

/** Every write of the sync: sets, their Events, and last the Deployment's status with its annotations. */
function finish(r: Rollout, status: Obj, requeueAt?: number): Plan {
  const drafts = r.fresh ? [r.fresh, ...r.old] : r.old;
  return { actions: [...r.released, ...drafts.flatMap(writeSet), ...r.events, ...writeStatus(r, status)], requeueAt };
}

function writeSet({ set, state }: Draft): Action[] {
  const { namespace = '', name, uid } = set.metadata;
  if (state === 'created') return [{ verb: 'create', resource: SETS, object: set }];
  if (state === 'changed') return [{ verb: 'update', resource: SETS, object: set }];
  if (state === 'deleted') return [{ verb: 'delete', resource: SETS, namespace, name, uid }];
  return [];
}

function writeStatus(r: Rollout, status: Obj): Action[] {
  const { original, d } = r;
  if (d.metadata.annotations === original.metadata.annotations && equal(original.status ?? {}, status)) return [];
  return [{ verb: 'update', resource: DEPLOYMENTS, subresource: 'status', object: { ...d, status } }];
}
