import type { Change } from '../../registry/view.ts';
import { type Hint, MAX_SCORE, type Plugin, type Rejection } from '../framework.ts';
import { isPlaced } from '../events.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { amounts, podAmounts } from '../resources.ts';

const isScalar = (name: string): boolean =>
  name.includes('/') || name.startsWith('hugepages-') || name.startsWith('attachable-volumes-');
/** Resources that the filter knows besides scalar ones, in its order. */
const NATIVE = ['cpu', 'memory', 'ephemeral-storage'];

/** Resources that the node lacks for the pod; empty when it fits (fitsRequest). */
function lacking({ requests }: PodInfo, node: NodeInfo): { reason: string; unresolvable: boolean }[] {
  const out: { reason: string; unresolvable: boolean }[] = [];
  if (node.pods.size + 1 > (node.allocatable.get('pods') ?? 0)) out.push({ reason: 'Too many pods', unresolvable: false });
  if (!requests.size) return out;
  const check = (name: string) => {
    const wanted = requests.get(name) ?? 0;
    if (wanted <= 0) return;
    const capacity = node.allocatable.get(name) ?? 0;
    if (wanted > capacity - (node.requested.get(name) ?? 0))
      out.push({ reason: `Insufficient ${name}`, unresolvable: wanted > capacity });
  };
  NATIVE.forEach(check);
  for (const name of requests.keys()) if (isScalar(name)) check(name);
  return out;
}

/** Whether nothing is lacking: most nodes fit, and need no list of reasons. */
function fits({ requests }: PodInfo, { pods, allocatable, requested }: NodeInfo): boolean {
  if (pods.size + 1 > (allocatable.get('pods') ?? 0)) return false;
  for (const [name, wanted] of requests) {
    const free = (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0);
    if (wanted > free && wanted > 0 && counts(name)) return false;
  }
  return true;
}

/** Share of CPU and memory that would stay free, in percent (leastResourceScorer, weights 1 and 1). */
function leastAllocated(pod: PodInfo, node: NodeInfo): number {
  let sum = 0;
  let weights = 0;
  for (const name of ['cpu', 'memory']) {
    const capacity = node.allocatable.get(name) ?? 0;
    if (capacity === 0) continue;
    const requested = (node.nonZero.get(name) ?? 0) + (pod.nonZero.get(name) ?? 0);
    sum += requested > capacity ? 0 : Math.trunc(((capacity - requested) * MAX_SCORE) / capacity);
    weights++;
  }
  return weights ? Math.trunc(sum / weights) : 0;
}

/** Whether a pod gives something back that the waiting one asks for; less of its own is always worth an attempt. */
function givesBack({ uid, requests }: PodInfo, { object, old }: Change): boolean {
  if (object.metadata.uid === uid) return true;
  const [before, after] = [podAmounts(old?.spec ?? {}, false), podAmounts(object.spec, false)];
  for (const [name, wanted] of requests) if (wanted > 0 && (before.get(name) ?? 0) > (after.get(name) ?? 0)) return true;
  return false;
}

/** Whether the pod would fit on the empty node, which has more of what it asks for than before (isSchedulableAfterNodeChange). */
const grows: Hint = ({ requests }, { object, old }) => {
  const now = amounts(object.status?.allocatable);
  const has = (name: string) => now.get(name) ?? 0;
  if (has('pods') < 1) return false;
  for (const [name, wanted] of requests) if (counts(name) && wanted > 0 && wanted > has(name)) return false;
  if (!old) return true;
  const before = amounts(old.status?.allocatable);
  if (has('pods') > (before.get('pods') ?? 0)) return true;
  for (const [name, wanted] of requests) if (counts(name) && wanted > 0 && has(name) > (before.get(name) ?? 0)) return true;
  return false;
};

const counts = (name: string): boolean => NATIVE.includes(name) || isScalar(name);

/** CPU, memory, storage, pods and extended resources are free; emptier nodes are better (plugins/noderesources fit.go). */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  events: {
    'pod/delete': (_pod, { object, old }) => isPlaced(object) || isPlaced(old ?? object),
    'pod/scale-down': givesBack,
    'node/add': grows,
    'node/allocatable': grows,
  },
  filter(pod, node): Rejection | undefined {
    if (fits(pod, node)) return undefined;
    const missing = lacking(pod, node);
    if (!missing.length) return undefined;
    const code = missing.some((m) => m.unresolvable) ? 'UnschedulableAndUnresolvable' : 'Unschedulable';
    return { code, reasons: missing.map((m) => m.reason) };
  },
  score: leastAllocated,
};
