import { parseTime } from '../../api/machinery/time.ts';
import { clone, equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { eventFor } from '../shared/events.ts';
import { adoption } from '../shared/adoption.ts';
import { templateHash } from '../shared/hash.ts';
import { keeps, newRevision, REVISION_LABEL, REVISIONS, revisionKeys, revisionsOf, truncate } from '../shared/history.ts';
import { deletion } from '../shared/objects.ts';
import { byCreation, isControlledBy, managerKeys, released } from '../shared/owners.ts';
import { availableAt, generatedName, isTerminal, podFromTemplate } from '../shared/pods.ts';
import { isEmptySelector, selectorMatcher } from '../shared/selector.ts';
import { fits, pinnedTo, targetOf, tolerationsOf } from './placement.ts';
import { boundsOf, type NodeState, step } from './rolling.ts';
import { statusOf } from './status.ts';

const SETS = 'apps/daemonsets';
const COMPONENT = 'daemonset-controller';
const USER = 'system:serviceaccount:kube-system:daemon-set-controller';
const GENERATION = 'deprecated.daemonset.template.generation';
const GENERATION_LABEL = 'pod-template-generation';
/** Least age of a failed daemon, ms, before it is replaced. */
const RETRY_MS = 1000;
const matcher = (set: KubeObject) => selectorMatcher(set.spec?.selector);

const daemonSet: Controller = {
  name: 'daemonset',
  manager: 'kube-controller-manager',
  user: USER,
  watches: [
    byObject(SETS),
    { resource: 'pods', keys: (change) => managerKeys(change, 'DaemonSet', 'apps') },
    { resource: REVISIONS, keys: (change) => revisionKeys(change, 'DaemonSet') },
    { resource: 'nodes', keys: setsOfNode },
  ],
  reconcile: (key, view, cx) => {
    const set = view.get(SETS, key.namespace, key.name);
    return set && !isEmptySelector(set.spec?.selector) ? sync(set, view, cx) : { actions: [] };
  },
  refused: (key, action, error, view) => {
    const set = view.get(SETS, key.namespace, key.name);
    if (!set || !('resource' in action) || action.verb === 'update' || action.resource !== 'pods') return { actions: [] };
    return {
      actions: [
        action.verb === 'create'
          ? eventFor(COMPONENT, set, 'Warning', 'FailedCreate', `Error creating: ${error.message}`)
          : eventFor(COMPONENT, set, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`),
      ],
    };
  },
};

/** Adoption of pods and revisions, then the sets (pkg/controller/daemon). */
export const daemonSetController: Controller[] = [
  adoption({ name: 'daemonset-adoption', user: USER, owner: SETS, dependent: 'pods', matcher, eligible: () => true }),
  adoption({ name: 'daemonset-revision-adoption', user: USER, owner: SETS, dependent: REVISIONS, matcher, eligible: () => true }),
  daemonSet,
];

/** Keys of all sets when a node is added, deleted, or its placement facts change. */
function setsOfNode({ type, object, old }: Change, view: View): Key[] {
  const same =
    equal(object.metadata.labels ?? {}, old?.metadata.labels ?? {}) && equal(object.spec?.taints ?? [], old?.spec?.taints ?? []);
  if (type === 'MODIFIED' && same) return [];
  return view.list(SETS).map(({ metadata: { namespace = '', name } }) => ({ namespace, name }));
}

/** syncDaemonSet: revisions, a daemon for each node, one step of the rolling update, the status. */
function sync(set: KubeObject, view: View, cx: ReconcileCx): Plan {
  const match = matcher(set);
  const owned = view.ownedBy(set.metadata.uid, 'pods').filter((pod) => isControlledBy(pod, set));
  const pods = owned.filter((pod) => match(pod.metadata.labels) && !(isTerminal(pod) && pod.metadata.deletionTimestamp));
  const deleting = set.metadata.deletionTimestamp !== undefined;
  const history = revisionsOf(set, view);
  const { hash, collisions, actions } = deleting
    ? { hash: '', collisions: set.status?.collisionCount, actions: [] as Action[] }
    : revision(set, history, view);
  let requeueAt: number | undefined;
  if (!deleting) {
    const unmatched = owned.filter((pod) => !match(pod.metadata.labels)).slice(0, cx.maxWrites);
    for (const pod of unmatched) actions.push({ verb: 'update', resource: 'pods', object: released(pod, set) });
    const work = manage(set, pods, hash, view, cx.now);
    requeueAt = work.requeueAt;
    const left = cx.maxWrites - unmatched.length;
    actions.push(
      ...createOn(set, work.add.slice(0, left), hash, view, cx),
      ...work.events,
      ...work.remove.slice(0, Math.max(0, left - work.add.length)).flatMap((pod) => removal(set, pod)),
    );
    const live = new Set(
      history
        .filter((r) => pods.some((pod) => pod.metadata.labels?.[REVISION_LABEL] === r.metadata.labels?.[REVISION_LABEL]))
        .map((r) => r.metadata.name),
    );
    for (const r of history) if (r.metadata.labels?.[REVISION_LABEL] === hash) live.add(r.metadata.name);
    actions.push(...truncate(history, live, set.spec?.revisionHistoryLimit ?? 10));
  }
  const nodes = view.list('nodes').map((node) => ({
    run: fits(set, node).run,
    pods: pods.filter((pod) => targetOf(pod) === node.metadata.name).sort(byCreation),
  }));
  const isCurrent = (pod: KubeObject) => isUpdated(set, pod, hash);
  const { status, next } = statusOf(set, nodes, isCurrent, collisions, cx.now);
  if (!equal(set.status ?? {}, status))
    actions.push({ verb: 'update', resource: SETS, subresource: 'status', object: { ...set, status } });
  const times = [requeueAt, next].filter((t) => t !== undefined);
  return { actions, requeueAt: times.length ? Math.min(...times) : undefined };
}

/** constructHistory: the revision of the current template, created or moved to the newest number. */
function revision(
  set: KubeObject,
  history: KubeObject[],
  view: View,
): { hash: string; collisions: number | undefined; actions: Action[] } {
  const template: Obj = set.spec?.template ?? {};
  let collisions: number | undefined = set.status?.collisionCount;
  const found = history.findLast((r) => keeps(r, template));
  const newest = history.filter((r) => r !== found).reduce((max, r) => Math.max(max, r.revision ?? 0), 0) + 1;
  if (found) {
    const hash = found.metadata.labels?.[REVISION_LABEL] ?? '';
    const stale = (found.revision ?? 0) < newest;
    return {
      hash,
      collisions,
      actions: stale ? [{ verb: 'update', resource: REVISIONS, object: { ...found, revision: newest } }] : [],
    };
  }
  for (;;) {
    const hash = templateHash(template, collisions);
    const made = newRevision(set, { label: REVISION_LABEL, value: hash }, newest);
    if (!view.get(REVISIONS, set.metadata.namespace ?? '', made.metadata.name))
      return { hash, collisions, actions: [{ verb: 'create', resource: REVISIONS, object: made }] };
    collisions = (collisions ?? 0) + 1;
  }
}

function isUpdated(set: KubeObject, pod: KubeObject, hash: string): boolean {
  const generation = set.metadata.annotations?.[GENERATION];
  const { labels } = pod.metadata;
  return (
    (hash !== '' && labels?.[REVISION_LABEL] === hash) || (generation !== undefined && labels?.[GENERATION_LABEL] === generation)
  );
}

interface Work {
  add: string[];
  remove: KubeObject[];
  events: Action[];
  requeueAt?: number;
}

/** manage; then rollingUpdate, when every node has its daemons. */
function manage(set: KubeObject, pods: KubeObject[], hash: string, view: View, now: number): Work {
  const nodes = view.list('nodes');
  const names = new Set(nodes.map((node) => node.metadata.name));
  const work: Work = {
    add: [],
    remove: pods.filter((pod) => !pod.spec?.nodeName && !pod.metadata.deletionTimestamp && !names.has(targetOf(pod) ?? '')),
    events: [],
  };
  const states: NodeState[] = [];
  const byNode = new Map<string, KubeObject[]>();
  for (const pod of pods) {
    const target = targetOf(pod) ?? '';
    byNode.set(target, [...(byNode.get(target) ?? []), pod]);
  }
  for (const node of nodes) {
    const { name } = node.metadata;
    const { run, goOn } = fits(set, node);
    const here = byNode.get(name) ?? [];
    const staying = oneNode(set, { name, run, goOn }, here, work, now);
    states.push({
      name,
      run,
      fresh: staying.filter((pod) => isUpdated(set, pod, hash)),
      old: staying.filter((pod) => !isUpdated(set, pod, hash)),
    });
  }
  if (work.add.length || work.remove.length || set.spec?.updateStrategy?.type === 'OnDelete') return work;
  const desired = states.filter((s) => s.run).length;
  const rolled = step(states, boundsOf(set, desired), desired, (pod) => isAvailable(set, pod, now));
  return { ...work, add: rolled.add, remove: rolled.remove };
}

function isAvailable(set: KubeObject, pod: KubeObject, now: number): boolean {
  const at = availableAt(pod, set.spec?.minReadySeconds ?? 0);
  return at !== undefined && at <= now;
}

/** podsShouldBeOnNode. Returns the daemons that are kept. */
function oneNode(
  set: KubeObject,
  node: { name: string; run: boolean; goOn: boolean },
  here: KubeObject[],
  work: Work,
  now: number,
): KubeObject[] {
  const alive = here.filter((pod) => !pod.metadata.deletionTimestamp);
  if (!here.length) {
    if (node.run) work.add.push(node.name);
    return [];
  }
  if (!node.goOn) {
    work.remove.push(...alive);
    return [];
  }
  for (const pod of alive.filter(isTerminal)) ended(set, pod, node.name, work, now);
  const running = alive.filter((pod) => !isTerminal(pod)).sort(byCreation);
  const surging = boundsOf(set, 1).surge > 0;
  if (running.length <= (surging ? 2 : 1)) return running;
  const kept = running.slice(0, 1);
  work.remove.push(...running.slice(1));
  return kept;
}

function ended(set: KubeObject, pod: KubeObject, node: string, work: Work, now: number): void {
  const at = parseTime(pod.metadata.creationTimestamp) + RETRY_MS;
  if (pod.status?.phase === 'Failed' && now < at) {
    work.requeueAt = Math.min(work.requeueAt ?? at, at);
    return;
  }
  const { name } = pod.metadata;
  work.events.push(
    pod.status?.phase === 'Failed'
      ? eventFor(
          COMPONENT,
          set,
          'Warning',
          'FailedDaemonPod',
          `Found failed daemon pod ${set.metadata.namespace}/${name} on node ${node}, will try to kill it`,
        )
      : eventFor(
          COMPONENT,
          set,
          'Normal',
          'SucceededDaemonPod',
          `Found succeeded daemon pod ${set.metadata.namespace}/${name} on node ${node}, will try to delete it`,
        ),
  );
  work.remove.push(pod);
}

function createOn(set: KubeObject, nodes: string[], hash: string, view: View, cx: ReconcileCx): Action[] {
  const taken = new Set(view.ownedBy(set.metadata.uid, 'pods').map((pod) => pod.metadata.name));
  const generation = set.metadata.annotations?.[GENERATION];
  return nodes.flatMap((node): Action[] => {
    const pod = podFromTemplate(clone(set.spec?.template ?? {}), set);
    const name = generatedName(pod.metadata.generateName ?? '', cx.random, taken);
    const labels = {
      ...pod.metadata.labels,
      [REVISION_LABEL]: hash,
      ...(generation !== undefined && { [GENERATION_LABEL]: generation }),
    };
    const spec = { ...pod.spec, affinity: pinnedTo(pod.spec.affinity, node), tolerations: tolerationsOf(pod.spec) };
    const object = { ...pod, metadata: { ...pod.metadata, name, labels }, spec };
    return [
      { verb: 'create', resource: 'pods', object },
      eventFor(COMPONENT, set, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`),
    ];
  });
}

function removal(set: KubeObject, pod: KubeObject): Action[] {
  return [deletion('pods', pod), eventFor(COMPONENT, set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)];
}
