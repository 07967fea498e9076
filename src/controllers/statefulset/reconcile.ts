import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { adoption } from '../shared/adoption.ts';
import {
  keeps,
  newRevision,
  REVISIONS,
  revisionKeys,
  revisionHash,
  revisionsOf,
  templateOf,
  truncate,
} from '../shared/history.ts';
import { deletion } from '../shared/objects.ts';
import { isControlledBy, managerKeys, released } from '../shared/owners.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { availableAt, isTerminal } from '../shared/pods.ts';
import { selectorMatcher } from '../shared/selector.ts';
import { missingClaims, retention } from './claims.ts';
import { newPod, ordinalOf, podName, repaired, revisionOfPod, startOf } from './identity.ts';
import { statusOf } from './status.ts';

const SETS = 'apps/statefulsets';
const COMPONENT = 'statefulset-controller';
const USER = `system:serviceaccount:kube-system:${COMPONENT}`;
const HASH_LABEL = 'controller.kubernetes.io/hash';
const matcher = (set: KubeObject) => selectorMatcher(set.spec?.selector);

const statefulSet: Controller = {
  name: 'statefulset',
  manager: 'kube-controller-manager',
  user: USER,
  watches: [
    byObject(SETS),
    { resource: 'pods', keys: (change) => managerKeys(change, 'StatefulSet', 'apps') },
    { resource: 'persistentvolumeclaims', keys: setsOfClaim },
    { resource: REVISIONS, keys: (change) => revisionKeys(change, 'StatefulSet') },
  ],
  reconcile: (key, view, cx) => {
    const set = view.get(SETS, key.namespace, key.name);
    return set ? new Sync(set, view, cx).plan() : { actions: [] };
  },
  refused,
};

/** Adoption of pods and revisions, then the sets themselves (pkg/controller/statefulset). */
export const statefulSetController: Controller[] = [
  adoption({
    name: 'statefulset-adoption',
    user: USER,
    owner: SETS,
    dependent: 'pods',
    matcher,
    eligible: () => true,
    fits: (set, pod) => ordinalOf(set, pod) >= 0,
  }),
  adoption({
    name: 'statefulset-revision-adoption',
    user: USER,
    owner: SETS,
    dependent: REVISIONS,
    matcher,
    eligible: () => true,
  }),
  statefulSet,
];

/** Keys of the sets of a claim: a deleted one is created again while its pod waits; a new or reowned one may need its owner. */
function setsOfClaim({ type, object, old }: Change, view: View): Key[] {
  const { ownerReferences: before = [], deletionTimestamp } = old?.metadata ?? {};
  if (type === 'MODIFIED' && old && !deletionTimestamp && equal(before, object.metadata.ownerReferences ?? [])) return [];
  const { namespace = '', name } = object.metadata;
  return view
    .list(SETS, namespace)
    .filter((set) =>
      (set.spec?.volumeClaimTemplates ?? []).some((t: Obj) => name.startsWith(`${t.metadata.name}-${set.metadata.name}-`)),
    )
    .map((set) => ({ namespace, name: set.metadata.name }));
}

/** The current and the update revision of a set. */
interface Revisions {
  current: KubeObject;
  update: KubeObject;
  collisions: number;
  actions: Action[];
}

/** One sync of a set (stateful_set_control.go). */
class Sync {
  readonly #set: KubeObject;
  readonly #view: View;
  readonly #now: number;
  readonly #maxWrites: number;
  readonly #actions: Action[] = [];

  constructor(set: KubeObject, view: View, cx: ReconcileCx) {
    this.#set = set;
    this.#view = view;
    this.#now = cx.now;
    this.#maxWrites = cx.maxWrites;
  }

  plan(): Plan {
    const set = this.#set;
    const match = matcher(set);
    const owned = this.#view.ownedBy(set.metadata.uid, 'pods').filter((pod) => isControlledBy(pod, set));
    const fits = (pod: KubeObject) => match(pod.metadata.labels) && ordinalOf(set, pod) >= 0;
    const pods = owned.filter(fits);
    if (!set.metadata.deletionTimestamp) {
      for (const pod of owned.filter((pod) => !fits(pod)).slice(0, this.#maxWrites)) {
        this.#actions.push({ verb: 'update', resource: 'pods', object: released(pod, set) });
      }
    }
    const history = revisionsOf(set, this.#view);
    const revisions = this.#revisions(history);
    if (!revisions) return { actions: [] };
    this.#actions.push(...revisions.actions);
    if (!set.metadata.deletionTimestamp) this.#manage(pods, revisions);
    const live = new Set([revisions.current.metadata.name, revisions.update.metadata.name, ...pods.map(revisionOfPod)]);
    this.#actions.push(...truncate(history, live, set.spec?.revisionHistoryLimit ?? 10));
    const status = statusOf(set, pods, { ...revisions, now: this.#now });
    if (!equal(set.status ?? {}, status)) {
      this.#actions.push({ verb: 'update', resource: SETS, subresource: 'status', object: { ...set, status } });
    }
    return { actions: this.#actions, requeueAt: this.#isFull() ? this.#now : this.#nextAvailable(pods) };
  }

  /** Whether the plan writes as many pods as it may: the rest follows. */
  #isFull(): boolean {
    return (
      this.#actions.filter((action) => action.verb !== 'event' && 'resource' in action && action.resource === 'pods').length >=
      this.#maxWrites
    );
  }

  /**
   * getStatefulSetRevisions: the newest if its template is the current one, an older one moved to the newest number, or a new
   * one.
   */
  #revisions(history: KubeObject[]): Revisions | undefined {
    const set = this.#set;
    const template: Obj = set.spec?.template ?? {};
    const actions: Action[] = [];
    const next = (history.at(-1)?.revision ?? 0) + 1;
    let collisions: number = set.status?.collisionCount ?? 0;
    let update = history.findLast((revision) => keeps(revision, template));
    if (update && update !== history.at(-1)) {
      update = { ...update, revision: next };
      actions.push({ verb: 'update', resource: REVISIONS, object: update });
    }
    while (!update) {
      const made = newRevision(set, { label: HASH_LABEL, value: revisionHash(template, collisions) }, next);
      if (!this.#view.get(REVISIONS, set.metadata.namespace ?? '', made.metadata.name)) {
        update = made;
        if (set.metadata.deletionTimestamp) break;
        actions.push({ verb: 'create', resource: REVISIONS, object: made });
      } else collisions++;
    }
    const current = history.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? update;
    return { current, update, collisions, actions };
  }

  /** updateStatefulSet: replicas in order, then surplus pods, then pods of another revision. */
  #manage(pods: KubeObject[], revisions: Revisions): void {
    const set = this.#set;
    const [start, count] = [startOf(set), set.spec?.replicas ?? 1];
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
    const inRange = (ordinal: number) => ordinal >= start && ordinal < start + count;
    const condemned = [...byOrdinal].filter(([ordinal]) => !inRange(ordinal)).sort(([a], [b]) => b - a);
    const monotonic = set.spec?.podManagementPolicy !== 'Parallel';
    for (let ordinal = start; ordinal < start + count; ordinal++) {
      if (this.#isFull() || (this.#replica(byOrdinal.get(ordinal), ordinal, revisions, monotonic) && monotonic)) return;
    }
    for (const [ordinal, pod] of condemned) this.#actions.push(...retention(set, pod, ordinal, true, this.#view));
    const firstUnhealthy = this.#firstUnavailable(byOrdinal, start, count, condemned);
    for (const [, pod] of condemned) {
      if (this.#isFull() || (this.#condemned(pod, firstUnhealthy, monotonic) && monotonic)) return;
    }
    if (set.spec?.updateStrategy?.type !== 'OnDelete' && !this.#isFull()) this.#roll(byOrdinal, start, count, revisions);
  }

  /** processReplica. True when nothing may follow while order is kept. */
  #replica(pod: KubeObject | undefined, ordinal: number, revisions: Revisions, monotonic: boolean): boolean {
    const set = this.#set;
    if (!pod) {
      this.#create(ordinal, revisions);
      return true;
    }
    if (isTerminal(pod)) {
      if (!pod.metadata.deletionTimestamp) this.#delete(pod);
      return true;
    }
    if (pod.status?.phase === 'Pending') this.#actions.push(...this.#claims(ordinal, pod.metadata.name));
    if (monotonic && (pod.metadata.deletionTimestamp || !this.#isAvailable(pod))) return true;
    const fixed = repaired(set, pod);
    if (fixed) {
      this.#actions.push({ verb: 'update', resource: 'pods', object: fixed });
      this.#actions.push(
        eventFor(
          COMPONENT,
          set,
          'Normal',
          'SuccessfulUpdate',
          `Update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
        ),
      );
    }
    this.#actions.push(...retention(set, pod, ordinal, false, this.#view));
    return false;
  }

  /** newVersionedStatefulSetPod: below the partition the old revision stays. */
  #create(ordinal: number, { current, update }: Revisions): void {
    const set = this.#set;
    const kept = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const revision = ordinal < startOf(set) + kept ? current : update;
    const pod = newPod(set, templateOf(revision), revision.metadata.name, ordinal);
    const message = `Create Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
    this.#actions.push(...this.#claims(ordinal, pod.metadata.name), { verb: 'create', resource: 'pods', object: pod });
    this.#actions.push(eventFor(COMPONENT, set, 'Normal', 'SuccessfulCreate', message));
  }

  #claims(ordinal: number, pod: string): Action[] {
    return missingClaims(this.#set, ordinal, pod, this.#view, (reason, message) =>
      eventFor(COMPONENT, this.#set, 'Normal', reason, message),
    );
  }

  #delete(pod: KubeObject): void {
    const message = `Delete Pod ${pod.metadata.name} in StatefulSet ${this.#set.metadata.name} successful`;
    this.#actions.push(deletion('pods', pod), eventFor(COMPONENT, this.#set, 'Normal', 'SuccessfulDelete', message));
  }

  /** processCondemned. */
  #condemned(pod: KubeObject, firstUnhealthy: KubeObject | undefined, monotonic: boolean): boolean {
    if (pod.metadata.deletionTimestamp) return true;
    if (monotonic && !this.#isAvailable(pod) && pod !== firstUnhealthy) return true;
    this.#delete(pod);
    return true;
  }

  /** Replaces one pod at a time, the highest ordinal first, down to the partition; waits for an unavailable one. */
  #roll(byOrdinal: Map<number, KubeObject>, start: number, count: number, { update }: Revisions): void {
    const lowest = this.#set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    for (let i = count - 1; i >= lowest; i--) {
      const pod = byOrdinal.get(start + i);
      if (!pod) return;
      if (revisionOfPod(pod) !== update.metadata.name && !pod.metadata.deletionTimestamp) return this.#delete(pod);
      if (pod.metadata.deletionTimestamp || !this.#isAvailable(pod)) return;
    }
  }

  #firstUnavailable(
    byOrdinal: Map<number, KubeObject>,
    start: number,
    count: number,
    condemned: [number, KubeObject][],
  ): KubeObject | undefined {
    const ordered = Array.from({ length: count }, (_, i) => byOrdinal.get(start + i)).filter((pod) => pod !== undefined);
    return [...ordered, ...condemned.map(([, pod]) => pod).reverse()].find(
      (pod) => pod.metadata.deletionTimestamp || !this.#isAvailable(pod),
    );
  }

  #isAvailable(pod: KubeObject): boolean {
    const at = availableAt(pod, this.#set.spec?.minReadySeconds ?? 0);
    return pod.status?.phase === 'Running' && at !== undefined && at <= this.#now;
  }

  #nextAvailable(pods: KubeObject[]): number | undefined {
    const seconds = this.#set.spec?.minReadySeconds ?? 0;
    if (!seconds) return undefined;
    const times = pods.filter(isPodReady).map((pod) => availableAt(pod, seconds) ?? 0);
    const later = times.filter((at) => at > this.#now);
    return later.length ? Math.min(...later) : undefined;
  }
}

/** Plan after a refused write of a pod or a claim: an Event; the key is tried again. */
function refused(key: Key, action: Action, error: { message: string }, view: View): Plan {
  const set = view.get(SETS, key.namespace, key.name);
  if (!set || (action.verb !== 'create' && action.verb !== 'delete')) return { actions: [] };
  const verb = action.verb === 'create' ? 'Create' : 'Delete';
  const name = action.verb === 'create' ? action.object.metadata.name : action.name;
  const what =
    action.resource === 'pods' ? `Pod ${name}` : `Claim ${name} for Pod ${podName(set, Number(name.split('-').at(-1)))}`;
  const message = `${verb} ${what} in StatefulSet ${set.metadata.name} failed error: ${error.message}`;
  return { actions: [eventFor(COMPONENT, set, 'Warning', `Failed${verb}`, message)] };
}
