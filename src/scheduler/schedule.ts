import type { Random } from '../lib/random.ts';
import type { Action } from '../reconcile/plan.ts';
import type { Reader } from '../registry/view.ts';
import { common, type Cycle, nothingTaken, type Plugin, type Rejection, type Taken } from './framework.ts';
import { ENOUGH_NODES, ENOUGH_PERCENT } from './limits.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { plugins } from './plugins/table.ts';
import type { Snapshot } from './snapshot.ts';

type With<K extends keyof Plugin> = Plugin & Required<Pick<Plugin, K>>;
const having = <K extends keyof Plugin>(point: K) => plugins.filter((plugin) => plugin[point]) as With<K>[];
const PRE_FILTERS = having('preFilter');
const FILTERS = having('filter');
const SCORES = having('score');
const PRE_BINDS = having('preBind');

type Filters = readonly With<'filter'>[];

/** The result of the filters for one pod. */
export interface Verdict {
  feasible: NodeInfo[];
  /** Rejections of the other nodes, by name. */
  rejected: Map<string, Rejection>;
  /** Set when a plugin refused all nodes at once: it counts for every node. */
  everywhere?: Rejection;
  /** The filters that apply to the pod. */
  filters: Filters;
}

/** A placement, or a verdict without one. */
export interface Placement {
  node?: NodeInfo;
  verdict: Verdict;
  /** Writes that go before the binding, which waits for what follows from them. */
  before?: Action[];
}

/** The filters that apply to the pod, after their pre-filter. */
export interface Prepared {
  cycle: Cycle;
  filters: Filters;
  /** Those that applied when the attempt began: a plugin that did not is not asked about other nodes either (SkipFilterPlugins). */
  applicable: Filters;
  /** The only nodes to filter, if a plugin named them, and that plugin. */
  only?: Set<string>;
  namedBy: string[];
  reject?: Rejection;
}

interface PrepareOptions {
  taken?: Taken;
  /** Of an attempt that goes on with other nodes: the filters that applied when it began. */
  applicable?: Filters;
}

/** Runs the pre-filters over a list of nodes. */
export function prepare(pod: PodInfo, nodes: readonly NodeInfo[], view: Reader, options: PrepareOptions = {}): Prepared {
  const { taken = nothingTaken(), applicable = FILTERS } = options;
  const cycle: Cycle = { nodes, view, state: new Map(), taken };
  const skipped = new Set<string>();
  const out: Prepared = { cycle, filters: applicable, applicable, namedBy: [] };
  for (const plugin of PRE_FILTERS) {
    if (applicable !== FILTERS && !applicable.some(({ name }) => name === plugin.name)) continue;
    const result = plugin.preFilter(pod, cycle);
    if (result === undefined) continue;
    if (result === 'skip') skipped.add(plugin.name);
    else if ('reject' in result) return { ...out, reject: { ...result.reject, plugin: plugin.name } };
    else {
      out.only = out.only ? common(out.only, result.nodes) : result.nodes;
      out.namedBy.push(plugin.name);
      if (!out.only.size) return { ...out, reject: emptyChoice(out.namedBy) };
    }
  }
  if (skipped.size) out.filters = applicable.filter((plugin) => !skipped.has(plugin.name));
  if (!options.applicable) out.applicable = out.filters;
  return out;
}

const emptyChoice = (names: string[]): Rejection => ({
  code: 'UnschedulableAndUnresolvable',
  reasons: [`node(s) didn't satisfy plugin(s) [${names.join(' ')}] simultaneously`],
  plugin: names[0],
});

/** The rejection of a node by the first filter that refuses it. */
export function filterNode(pod: PodInfo, node: NodeInfo, { cycle, filters }: Prepared): Rejection | undefined {
  for (const plugin of filters) {
    const rejection = plugin.filter(pod, node, cycle);
    if (rejection) {
      rejection.plugin = plugin.name;
      return rejection;
    }
  }
  return undefined;
}

/**
 * filterNode with the pods that are nominated to the node and at least as important; the node must fit with and without them
 * (RunFilterPluginsWithNominatedPods).
 */
export function filterWithNominated(pod: PodInfo, node: NodeInfo, prepared: Prepared, snapshot: Snapshot): Rejection | undefined {
  if (!snapshot.anyNominated) return filterNode(pod, node, prepared);
  const promised = snapshot.nominated(node.name).filter((other) => other.priority >= pod.priority && other.uid !== pod.uid);
  if (promised.length) {
    const crowded = node.copy();
    for (const other of promised) crowded.add(other);
    const nodes = prepared.cycle.nodes.map((n) => (n === node ? crowded : n));
    const { cycle, applicable } = prepared;
    const again = prepare(pod, nodes, cycle.view, { taken: cycle.taken, applicable });
    const rejection = again.reject ?? filterNode(pod, crowded, again);
    if (rejection) return rejection;
  }
  return filterNode(pod, node, prepared);
}

/** The nodes that fit the pod, and the rejections of the others. */
export function filterAll(pod: PodInfo, snapshot: Snapshot, view: Reader): { verdict: Verdict; prepared: Prepared } {
  const prepared = prepare(pod, snapshot.nodes, view, { taken: snapshot.taken });
  const { filters } = prepared;
  const verdict: Verdict = { feasible: [], rejected: new Map(), everywhere: prepared.reject, filters };
  if (prepared.reject) {
    for (const node of snapshot.nodes) verdict.rejected.set(node.name, prepared.reject);
    return { verdict, prepared };
  }
  const { only, namedBy } = prepared;
  const notNamed: Rejection | undefined = only && {
    code: 'UnschedulableAndUnresolvable',
    reasons: [`node(s) didn't satisfy plugin(s) [${namedBy.join(' ')}]`],
    plugin: namedBy[0],
  };
  const { nodes } = snapshot;
  const enough = enoughNodes(nodes.length);
  const start = enough < nodes.length ? hashOf(pod.uid) % nodes.length : 0;
  for (let i = 0; i < nodes.length && verdict.feasible.length < enough; i++) {
    const node = nodes[(start + i) % nodes.length];
    let rejection = notNamed && !only?.has(node.name) ? notNamed : undefined;
    rejection ??= filterWithNominated(pod, node, prepared, snapshot);
    if (rejection) verdict.rejected.set(node.name, rejection);
    else verdict.feasible.push(node);
  }
  return { verdict, prepared };
}

/**
 * The number of nodes to find: in large clusters a share of them is enough (numFeasibleNodesToFind). The search begins where the pod's uid says,
 * so that pods spread over all nodes, and the decision can be explained later.
 */
function enoughNodes(all: number): number {
  if (all <= ENOUGH_NODES) return all;
  const percent = Math.max(ENOUGH_PERCENT, 50 - Math.trunc(all / 125));
  return Math.max(ENOUGH_NODES, Math.trunc((all * percent) / 100));
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** What one plugin says of the feasible nodes, in their order: its own figures, and those brought into 0..MAX_SCORE. */
export interface Score {
  plugin: string;
  weight: number;
  raw: number[];
  normalized: number[];
}

/** Scores of the feasible nodes by each plugin that applies to the pod. */
export function scoreNodes(pod: PodInfo, nodes: readonly NodeInfo[], cycle: Cycle): Score[] {
  const out: Score[] = [];
  for (const plugin of SCORES) {
    if (plugin.preScore?.(pod, nodes, cycle) === 'skip') continue;
    const raw = nodes.map((node) => plugin.score(pod, node, cycle));
    const normalized = plugin.normalize ? [...raw] : raw;
    plugin.normalize?.(normalized, nodes, cycle);
    out.push({ plugin: plugin.name, weight: plugin.weight ?? 1, raw, normalized });
  }
  return out;
}

/** Weighted sums of the nodes' scores. */
export function totalsOf(nodes: readonly NodeInfo[], scores: readonly Score[]): number[] {
  const totals = nodes.map(() => 0);
  for (const { weight, normalized } of scores) for (let i = 0; i < totals.length; i++) totals[i] += normalized[i] * weight;
  return totals;
}

/** One cycle for one pod: filter, score, choose (schedule_one.go schedulePod). Pure; chance decides only between equals. */
export function schedule(pod: PodInfo, snapshot: Snapshot, view: Reader, random: Random): Placement {
  const promised = promisedNode(pod, snapshot, view);
  if (promised) {
    const { node, prepared } = promised;
    const verdict: Verdict = { feasible: [node], rejected: new Map(), filters: prepared.filters };
    return { node, verdict, before: before(pod, node, prepared.cycle) };
  }
  const { verdict, prepared } = filterAll(pod, snapshot, view);
  const { feasible } = verdict;
  if (!feasible.length) return { verdict };
  const only = feasible.length === 1;
  const node = only ? feasible[0] : best(feasible, totalsOf(feasible, scoreNodes(pod, feasible, prepared.cycle)), random);
  return { node, verdict, before: before(pod, node, prepared.cycle) };
}

/** What is to be written before the pod is bound; undefined when nothing is. */
function before(pod: PodInfo, node: NodeInfo, cycle: Cycle): Action[] | undefined {
  const lists = PRE_BINDS.flatMap((plugin) => {
    const actions = plugin.preBind(pod, node, cycle);
    return actions ? [actions] : [];
  });
  return lists.length ? lists.flat() : undefined;
}

/** The pod's nominated node if it fits: it is tried first. */
export function promisedNode(pod: PodInfo, snapshot: Snapshot, view: Reader): { node: NodeInfo; prepared: Prepared } | undefined {
  const name: string | undefined = pod.pod.status?.nominatedNodeName;
  const node = name ? snapshot.node(name) : undefined;
  if (!node) return undefined;
  const prepared = prepare(pod, snapshot.nodes, view, { taken: snapshot.taken });
  if (prepared.reject || (prepared.only && !prepared.only.has(node.name))) return undefined;
  return filterWithNominated(pod, node, prepared, snapshot) ? undefined : { node, prepared };
}

function best(nodes: readonly NodeInfo[], totals: number[], random: Random): NodeInfo {
  const max = Math.max(...totals);
  const equals = nodes.filter((_, i) => totals[i] === max);
  return equals.length === 1 ? equals[0] : equals[Math.floor(random.next() * equals.length)];
}
