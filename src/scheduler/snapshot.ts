import type { KubeObject } from '../lib/json.ts';
import { equal } from '../lib/json.ts';
import type { IndexDefinition } from '../registry/view.ts';
import type { Change, Reader, View } from '../registry/view.ts';
import { clusterEvents, heldNode, isPending, VOLUME_RESOURCES } from './events.ts';
import { always, type ClusterEvent, nothingTaken, type Plugin, type Taken } from './framework.ts';
import { NodeInfo } from './node-info.ts';
import { type PodInfo, podInfo } from './pod-info.ts';
import { plugins } from './plugins/table.ts';

/** A pod that waits for a node. */
export interface Waiting {
  info: PodInfo;
  /** The last failed attempt: its plugins and message; absent once something that could cure it has happened. */
  failed?: { plugins: ReadonlySet<string>; message: string };
}

/**
 * Nodes with their pods, and the waiting pods: an index of the view (SPEC SCH2). It may be dropped at any time; only the
 * failures that make another attempt pointless are lost.
 */
export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #held = new Map<string, string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #assumed = new Map<string, string>();
  #taken = nothingTaken();
  #list: NodeInfo[] | undefined;
  /** Waiting pods by the node that they are nominated to, and uid. */
  readonly #nominated = new Map<string, Map<string, PodInfo>>();

  constructor(view: Reader) {
    for (const node of view.list('nodes')) this.#node(node.metadata.name).setNode(node);
    for (const pod of view.list('pods')) this.#place(pod);
  }

  /** Drops the assumed pods: the plan was carried out and its changes were applied, or it was not. */
  settle(): this {
    for (const [uid, node] of this.#assumed) this.#nodes.get(node)?.remove(uid);
    this.#assumed.clear();
    this.#taken = nothingTaken();
    return this;
  }

  /** Applies one change. */
  apply(change: Change): void {
    this.settle();
    const { resource, type, object } = change;
    if (resource === 'pods') {
      if (type === 'DELETED') this.#drop(object.metadata.uid);
      else this.#place(object);
    } else if (resource === 'nodes') this.#setNode(object, type === 'DELETED');
    for (const event of clusterEvents(change)) this.#cure(event, change);
  }

  #setNode(node: KubeObject, gone: boolean): void {
    const info = this.#node(node.metadata.name);
    info.setNode(gone ? undefined : node);
    if (gone && !info.pods.size) this.#nodes.delete(info.name);
    this.#list = undefined;
  }

  #node(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }

  #place(pod: KubeObject): void {
    const { uid } = pod.metadata;
    const known = this.#known(uid);
    const waited = this.#waiting.get(uid);
    const node = heldNode(pod);
    if (known && node && this.#held.get(uid) === node && sameForNode(known.pod, pod)) {
      known.pod = pod;
      return;
    }
    const info = podInfo(pod, known);
    this.#drop(uid);
    if (node) {
      this.#held.set(uid, node);
      this.#node(node).add(info);
    } else if (isPending(pod)) {
      this.#waiting.set(uid, { info, failed: waited?.failed });
      this.#nominate(info);
    }
  }

  #known(uid: string): PodInfo | undefined {
    const node = this.#held.get(uid);
    return node === undefined ? this.#waiting.get(uid)?.info : this.#nodes.get(node)?.pods.get(uid);
  }

  #drop(uid: string): void {
    const name = this.#held.get(uid);
    if (name !== undefined) {
      const node = this.#nodes.get(name);
      node?.remove(uid);
      if (node && !node.node && !node.pods.size) this.#nodes.delete(name);
      this.#held.delete(uid);
    }
    const waiting = this.#waiting.get(uid);
    if (!waiting) return;
    this.#waiting.delete(uid);
    this.#withdraw(waiting.info);
  }

  #nominate(info: PodInfo): void {
    const node = nominationOf(info);
    if (!node) return;
    const others = this.#nominated.get(node);
    if (others) others.set(info.uid, info);
    else this.#nominated.set(node, new Map([[info.uid, info]]));
  }

  #withdraw(info: PodInfo): void {
    const node = nominationOf(info);
    const others = node ? this.#nominated.get(node) : undefined;
    if (node && others?.delete(info.uid) && !others.size) this.#nominated.delete(node);
  }

  /** Clears the failure of the pods that a plugin rejected which listens to the event, and to whose hint it is worth an attempt. */
  #cure(event: ClusterEvent, change: Change): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.failed && concerns(event, change, waiting.info) && cures(event, change, waiting)) waiting.failed = undefined;
    }
  }

  /** Existing nodes in the order of their names. */
  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()].filter((info) => info.node).sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#list;
  }

  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node && info;
  }

  /** Pods to try, the most important first (plugins/queuesort): by priority, then by age. */
  queue(): Waiting[] {
    const out: Waiting[] = [];
    for (const waiting of this.#waiting.values()) if (!isSettled(waiting) && enters(waiting.info)) out.push(waiting);
    return out.sort(byImportance);
  }

  /** Pods that are nominated to a node: pods of lower priority may not take their room. */
  nominated(node: string): PodInfo[] {
    const nominated = this.#nominated.get(node);
    return nominated ? [...nominated.values()].filter(({ uid }) => !this.#assumed.has(uid)) : [];
  }

  /** What the pods that are assumed on a node take beside its room (Cycle.taken). */
  get taken(): Taken {
    return this.#taken;
  }

  get anyNominated(): boolean {
    return this.#nominated.size > 0;
  }

  /** Counts the pod on the node until the snapshot is next read. */
  assume(info: PodInfo, node: NodeInfo): void {
    node.add(info);
    this.#assumed.set(info.uid, node.name);
  }
}

const nominationOf = ({ pod }: PodInfo): string | undefined => pod.status?.nominatedNodeName;

const preEnqueue = plugins.filter((plugin) => plugin.preEnqueue) as (Plugin & Required<Pick<Plugin, 'preEnqueue'>>)[];
const enters = (info: PodInfo): boolean => preEnqueue.every((plugin) => plugin.preEnqueue(info));
const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));

/** Whether the event may be of interest to the pod: what changes in a waiting pod is its own affair, unless it frees room for lesser ones. */
function concerns(event: ClusterEvent, { resource, object, old }: Change, info: PodInfo): boolean {
  if (resource !== 'pods' || heldNode(object) || heldNode(old)) return true;
  if (event === 'pod/delete') return info.priority <= (object.spec.priority ?? 0);
  return object.metadata.uid === info.uid;
}

/**
 * Whether the event cures such a failure. Plugins that listen to new nodes and not to changed taints are taken to listen to these, too, as
 * upstream has it (scheduler.go buildQueueingHintMap). A deleted node cures none, but every message counted it: a rebuilt index would have
 * another (SPEC SCH2).
 */
function cures(event: ClusterEvent, change: Change, { info, failed }: Waiting): boolean {
  if (event === 'node/delete') return true;
  for (const name of failed?.plugins ?? []) {
    const plugin = byName.get(name);
    const hint = plugin?.events?.[event] ?? (event === 'node/taint' && plugin?.events?.['node/add'] ? always : undefined);
    if (!plugin || hint?.(info, change)) return true;
  }
  return false;
}

/** Whether the failure is stored in the pod's condition: an attempt whose writes were rolled back does not count. */
function isSettled({ info, failed }: Waiting): boolean {
  if (!failed) return false;
  const said = info.pod.status?.conditions?.find((c: { type: string }) => c.type === 'PodScheduled');
  return said?.status === 'False' && said.message === failed.message;
}

/** Whether the pod's last binding was refused: it waits behind the others, or it would block them for ever (SPEC SCH7). */
const isBroken = (pod: KubeObject): boolean =>
  (pod.status?.conditions ?? []).some(
    (c: { type: string; reason?: string }) => c.type === 'PodScheduled' && c.reason === 'SchedulerError',
  );

function byImportance({ info: a }: Waiting, { info: b }: Waiting): number {
  const [error, other] = [isBroken(a.pod), isBroken(b.pod)];
  if (error !== other) return error ? 1 : -1;
  if (a.priority !== b.priority) return b.priority - a.priority;
  const [x, y] = [a.pod.metadata, b.pod.metadata];
  if (x.creationTimestamp !== y.creationTimestamp) return x.creationTimestamp < y.creationTimestamp ? -1 : 1;
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return x.name < y.name ? -1 : 1;
}

/** Whether the pod uses the same of its node: most updates of a bound pod are of its status. */
const sameForNode = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.generation !== undefined &&
  a.metadata.generation === b.metadata.generation &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  equal(a.metadata.labels, b.metadata.labels);

const INDEX: IndexDefinition<Snapshot> = {
  name: 'scheduler',
  resources: ['pods', 'nodes', ...VOLUME_RESOURCES],
  build: (view) => new Snapshot(view),
  apply: (snapshot, change) => snapshot.apply(change),
  // Which attempts failed, and which pods are assumed on a node.
  notes: true,
};

/** The snapshot of a cluster, up to date. */
export const snapshotOf = (view: View): Snapshot => view.index(INDEX).settle();
