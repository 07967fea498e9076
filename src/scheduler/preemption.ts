import { fromLabelSelector, matches } from '../api/machinery/labels.ts';
import { parseTime } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Reader } from '../registry/view.ts';
import { type Rejection, unresolvable } from './framework.ts';
import { fitMessage } from './message.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { filterWithNominated, prepare, type Verdict } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

/** Pods to remove from a node so that another fits. */
interface Candidate {
  node: string;
  /** Victims, the most important first. */
  victims: PodInfo[];
  violations: number;
}

/** The result of the search for victims: a node and its victims, or the message why there are none. */
export type Preemption = { node: string; victims: PodInfo[] } | { node?: undefined; message: string; clears: boolean };

/** Finds lower-priority pods whose removal makes room (plugins/defaultpreemption, framework/preemption). */
export function preempt(pod: PodInfo, verdict: Verdict, snapshot: Snapshot, view: Reader, now: number): Preemption {
  const ineligible = notEligible(pod, verdict, snapshot);
  if (ineligible) return { message: ineligible, clears: false };
  const hopeful = snapshot.nodes.filter((node) => verdict.rejected.get(node.name)?.code === 'Unschedulable');
  const budgets = hopeful.length ? view.list('policy/poddisruptionbudgets') : [];
  const search: Search = { pod, applicable: verdict.filters, snapshot, view, budgets, now };
  const candidates: Candidate[] = [];
  const rejected = new Map<string, Rejection>();
  for (const node of snapshot.nodes) {
    const found = hopeful.includes(node) ? victimsOn(node, search) : unresolvable(NOT_HELPFUL);
    if ('code' in found) rejected.set(node.name, found);
    else candidates.push(found);
  }
  if (!candidates.length) return { message: fitMessage(snapshot.nodes.length, { rejected }, ''), clears: true };
  return bestOf(candidates, now);
}

const NOT_HELPFUL = 'Preemption is not helpful for scheduling';

/** PodEligibleToPreemptOthers. */
function notEligible({ pod, priority }: PodInfo, verdict: Verdict, snapshot: Snapshot): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.';
  const promised: string | undefined = pod.status?.nominatedNodeName;
  if (!promised || verdict.rejected.get(promised)?.code === 'UnschedulableAndUnresolvable') return undefined;
  for (const other of snapshot.node(promised)?.pods.values() ?? []) {
    if (other.priority < priority && leavesForUs(other.pod))
      return 'not eligible due to a terminating pod on the nominated node.';
  }
  return undefined;
}

const leavesForUs = ({ metadata, status }: KubeObject): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (status?.conditions ?? []).some(
    (c: Obj) => c.type === 'DisruptionTarget' && c.status === 'True' && c.reason === 'PreemptionByScheduler',
  );

/** What is the same for every node. */
interface Search {
  pod: PodInfo;
  /** The filters that applied to the pod when its attempt began. */
  applicable: Verdict['filters'];
  snapshot: Snapshot;
  view: Reader;
  budgets: KubeObject[];
  now: number;
}

const startOf = ({ pod }: PodInfo, now: number): number => (pod.status?.startTime ? parseTime(pod.status.startTime) : now);
const byImportance = (now: number) => (a: PodInfo, b: PodInfo) => b.priority - a.priority || startOf(a, now) - startOf(b, now);

/**
 * The fewest pods to remove from a node: all of lower priority are removed, then as many as possible put back
 * (SelectVictimsOnNode).
 */
function victimsOn(node: NodeInfo, { pod, applicable, snapshot, view, budgets, now }: Search): Candidate | Rejection {
  const lesser = [...node.pods.values()].filter((other) => other.priority < pod.priority);
  if (!lesser.length) return unresolvable('No preemption victims found for incoming pod');
  const trial = node.copy();
  for (const other of lesser) trial.remove(other.uid);
  const nodes = snapshot.nodes.map((n) => (n === node ? trial : n));
  const fits = (): Rejection | undefined => {
    const prepared = prepare(pod, nodes, view, { taken: snapshot.taken, applicable });
    return prepared.reject ?? filterWithNominated(pod, trial, prepared, snapshot);
  };
  const rejection = fits();
  if (rejection) return rejection;
  // Of pods that have not started, upstream's sort finds the one that came last the most important: each starts "now", later than the one before.
  lesser.reverse().sort(byImportance(now));
  const violating = violatingPods(lesser, budgets);
  const victims: PodInfo[] = [];
  let violations = 0;
  for (const other of [...lesser.filter((p) => violating.has(p)), ...lesser.filter((p) => !violating.has(p))]) {
    trial.add(other);
    if (!fits()) continue;
    trial.remove(other.uid);
    victims.push(other);
    if (violating.has(other)) violations++;
  }
  return { node: node.name, victims: victims.sort(byImportance(now)), violations };
}

/** Pods whose removal a disruption budget forbids; each allowed disruption is spent once (filterPodsWithPDBViolation). */
function violatingPods(pods: PodInfo[], budgets: KubeObject[]): Set<PodInfo> {
  const out = new Set<PodInfo>();
  const parsed = budgets.map((pdb) => ({
    namespace: pdb.metadata.namespace,
    selector: fromLabelSelector(pdb.spec?.selector),
    disrupted: pdb.status?.disruptedPods ?? {},
    allowed: pdb.status?.disruptionsAllowed ?? 0,
  }));
  for (const pod of pods) {
    if (!Object.keys(pod.labels).length) continue;
    for (const pdb of parsed) {
      if (pdb.namespace !== pod.namespace || !pdb.selector.length || !matches(pdb.selector, pod.labels)) continue;
      if (pod.pod.metadata.name in pdb.disrupted) continue;
      if (--pdb.allowed < 0) out.add(pod);
    }
  }
  return out;
}

/** Offsets priorities so that few pods of negative priority count less than many (pickOneNodeForPreemption). */
const OFFSET = 2 ** 31;

/**
 * The candidate with the fewest broken budgets, least important victims, lowest sum of priorities, fewest victims, latest start
 * of the most important.
 */
function bestOf(candidates: Candidate[], now: number): { node: string; victims: PodInfo[] } {
  const criteria: ((c: Candidate) => number)[] = [
    (c) => -c.violations,
    (c) => -(c.victims[0]?.priority ?? 0),
    (c) => -c.victims.reduce((sum, victim) => sum + victim.priority + OFFSET, 0),
    (c) => -c.victims.length,
    (c) => Math.min(...c.victims.filter((v) => v.priority === c.victims[0].priority).map((v) => startOf(v, now))),
  ];
  let left = candidates;
  for (const criterion of criteria) {
    if (left.length === 1) break;
    const values = left.map(criterion);
    const max = Math.max(...values);
    left = left.filter((_, i) => values[i] === max);
  }
  return left[0];
}
