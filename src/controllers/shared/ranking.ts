import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { isPodReady, podCondition } from '../../api/core/pod/conditions.ts';
import { isActive } from './pods.ts';

const COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
const NS_PER_MS = 1e6;

interface Ranked {
  pod: KubeObject;
  assigned: boolean;
  phase: number;
  ready: boolean;
  cost: number;
  rank: number;
  readySince: number;
  restarts: number;
  sidecarRestarts: number;
  created: number;
}

/** The `count` pods to delete first (replica_set.go getPodsToDelete, controller.ActivePodsWithRanks). */
export function podsToDelete(pods: KubeObject[], related: KubeObject[], count: number, now: number): KubeObject[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const pod of related) {
    if (isActive(pod)) onNode.set(pod.spec?.nodeName ?? '', (onNode.get(pod.spec?.nodeName ?? '') ?? 0) + 1);
  }
  const ranked = pods.map((pod) => describe(pod, onNode.get(pod.spec?.nodeName ?? '') ?? 0));
  ranked.sort((a, b) => compare(a, b, byMagnitude(now)));
  return ranked.slice(0, count).map((r) => r.pod);
}

/** The `count` pods to delete first, by their own state alone: newer before older (controller.ActivePods, which Jobs use). */
export function leastActive(pods: readonly KubeObject[], count: number): KubeObject[] {
  const described = pods.map((pod) => ({ ...describe(pod, 0), cost: 0 }));
  described.sort((a, b) => compare(a, b, (_, __, x, y) => y - x));
  return described.slice(0, count).map(({ pod }) => pod);
}

function describe(pod: KubeObject, rank: number): Ranked {
  const ready = isPodReady(pod);
  const [restarts, sidecarRestarts] = maxRestarts(pod);
  return {
    pod,
    rank,
    ready,
    restarts,
    sidecarRestarts,
    assigned: Boolean(pod.spec?.nodeName),
    phase: PHASES[pod.status?.phase] ?? 0,
    cost: deletionCost(pod.metadata.annotations?.[COST]),
    readySince: ready ? time(podCondition(pod, 'Ready')?.lastTransitionTime) : 0,
    created: time(pod.metadata.creationTimestamp),
  };
}

/** Compares two pods by two times of theirs that are known and differ: negative when `a` is deleted first. */
type CompareTimes = (a: Ranked, b: Ranked, x: number, y: number) => number;

/** Order of deletion: negative when `a` is deleted first. Of times, an unknown one is first. */
function compare(a: Ranked, b: Ranked, times: CompareTimes): number {
  const at = (x: number, y: number) => (x && y ? times(a, b, x, y) : x ? 1 : -1);
  if (a.assigned !== b.assigned) return a.assigned ? 1 : -1;
  if (a.phase !== b.phase) return a.phase - b.phase;
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.rank !== b.rank) return b.rank - a.rank;
  if (a.ready && a.readySince !== b.readySince) return at(a.readySince, b.readySince);
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
  if (a.sidecarRestarts !== b.sidecarRestarts) return b.sidecarRestarts - a.sidecarRestarts;
  if (a.created !== b.created) return at(a.created, b.created);
  return 0;
}

/** Ages by their binary magnitude, equal ones by uid (LogarithmicScaleDown). */
const byMagnitude =
  (now: number): CompareTimes =>
  (a, b, x, y) =>
    magnitude(now - x) - magnitude(now - y) || (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1);

const magnitude = (ms: number): number => (ms > 0 ? Math.trunc(Math.log2(ms * NS_PER_MS)) : -1);

function time(text: string | undefined): number {
  const ms = text ? parseTime(text) : 0;
  return Number.isNaN(ms) ? 0 : ms;
}

/** An int32 without plus sign or leading zeros, else 0 (helper.GetDeletionCostFromPodAnnotations). */
function deletionCost(text: string | undefined): number {
  if (!text || !/^(0|-\d+|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

function maxRestarts(pod: KubeObject): [number, number] {
  const most = (statuses: Obj[]) => statuses.reduce((max, s) => Math.max(max, s.restartCount ?? 0), 0);
  const regular = most(pod.status?.containerStatuses ?? []);
  const inits: Obj[] = pod.status?.initContainerStatuses ?? [];
  if (!inits.length) return [regular, 0];
  const sidecars = new Set(
    (pod.spec?.initContainers ?? []).filter((c: Obj) => c.restartPolicy === 'Always').map((c: Obj) => c.name),
  );
  return [regular, most(inits.filter((s) => sidecars.has(s.name)))];
}
