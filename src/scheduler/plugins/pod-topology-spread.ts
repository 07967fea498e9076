import { fromLabelSelector, fromMap, matches, type Requirement, selectorToString } from '../../api/machinery/labels.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { isPlaced } from '../events.ts';
import {
  type Cycle,
  type Hint,
  MAX_SCORE,
  type Plugin,
  type PreFilterResult,
  type Rejection,
  unresolvable,
  unschedulable,
} from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';
import { defaultSelector } from './default-selector.ts';
import { matchesRequired, type RequiredNode, requiredNode } from './node-affinity.ts';
import { repelling } from './tolerations.ts';

const NAME = 'PodTopologySpread';
const HOSTNAME = 'kubernetes.io/hostname';
const NO_MATCH = "node(s) didn't match pod topology spread constraints";

/** Constraints of pods without constraints of their own (systemDefaultConstraints): soft, so they only score. */
const SYSTEM_DEFAULTS: Obj[] = [
  { topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

interface Constraint {
  maxSkew: number;
  topologyKey: string;
  selector: readonly Requirement[];
  /** Key of the selector whose matches are counted. */
  counter: string;
  minDomains: number;
  honorAffinity: boolean;
  honorTaints: boolean;
}

function constraint(c: Obj, pod: PodInfo, selector: readonly Requirement[]): Constraint {
  return {
    maxSkew: c.maxSkew,
    topologyKey: c.topologyKey,
    selector,
    counter: `${pod.namespace}/${selectorToString(selector)}`,
    minDomains: c.minDomains ?? 1,
    honorAffinity: (c.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: (c.nodeTaintsPolicy ?? 'Ignore') === 'Honor',
  };
}

function selectorOf(c: Obj, pod: PodInfo): readonly Requirement[] {
  const own = fromLabelSelector(c.labelSelector);
  const keys: Obj = {};
  for (const key of c.matchLabelKeys ?? []) if (pod.labels[key] !== undefined) keys[key] = pod.labels[key];
  return Object.keys(keys).length ? [...fromMap(keys), ...own] : own;
}

/** The pod's constraints with this action, or the default ones. */
function constraintsOf(pod: PodInfo, action: string, cycle: Cycle): Constraint[] {
  const own: Obj[] | undefined = pod.pod.spec.topologySpreadConstraints;
  if (own?.length) return own.filter((c) => c.whenUnsatisfiable === action).map((c) => constraint(c, pod, selectorOf(c, pod)));
  const defaults = SYSTEM_DEFAULTS.filter((c) => c.whenUnsatisfiable === action);
  if (!defaults.length) return [];
  const selector = defaultSelector(pod, cycle.view);
  return selector.length ? defaults.map((c) => constraint(c, pod, selector)) : [];
}

const hasKeys = (node: NodeInfo, constraints: Constraint[]): boolean =>
  constraints.every((c) => node.labels[c.topologyKey] !== undefined);

function included(c: Constraint, pod: PodInfo, node: NodeInfo, required: RequiredNode): boolean {
  if (c.honorAffinity && !matchesRequired(required, node)) return false;
  return !c.honorTaints || !repelling(node.taints, pod.pod.spec.tolerations);
}

const countOn = (node: NodeInfo, c: Constraint, pod: PodInfo): number =>
  c.selector.length ? node.count(c.counter, pod.namespace, c.selector) : 0;

interface Hard {
  constraint: Constraint;
  /** Matching pods by value of the topology key. */
  counts: Map<string, number>;
  min: number;
  self: number;
}

function hardState(pod: PodInfo, cycle: Cycle): Hard[] {
  const constraints = constraintsOf(pod, 'DoNotSchedule', cycle);
  if (!constraints.length) return [];
  const required = requiredNode(pod.pod.spec);
  const out = constraints.map(
    (c): Hard => ({ constraint: c, counts: new Map(), min: 0, self: matches(c.selector, pod.labels) ? 1 : 0 }),
  );
  for (const node of cycle.nodes) {
    if (!hasKeys(node, constraints)) continue;
    for (const { constraint: c, counts } of out) {
      if (!included(c, pod, node, required)) continue;
      const value = node.labels[c.topologyKey];
      counts.set(value, (counts.get(value) ?? 0) + countOn(node, c, pod));
    }
  }
  for (const hard of out) {
    hard.min = hard.counts.size < hard.constraint.minDomains ? 0 : Math.min(2 ** 31 - 1, ...hard.counts.values());
  }
  return out;
}

interface Soft {
  constraints: Constraint[];
  ignored: Set<string>;
  counts: Map<string, number>[];
  weights: number[];
}

function softState(pod: PodInfo, nodes: readonly NodeInfo[], cycle: Cycle): Soft | undefined {
  const constraints = constraintsOf(pod, 'ScheduleAnyway', cycle);
  if (!constraints.length) return undefined;
  const needsAll = (pod.pod.spec.topologySpreadConstraints?.length ?? 0) > 0;
  const soft: Soft = { constraints, ignored: new Set(), counts: constraints.map(() => new Map()), weights: [] };
  for (const node of nodes) {
    if (needsAll && !hasKeys(node, constraints)) {
      soft.ignored.add(node.name);
      continue;
    }
    constraints.forEach((c, i) => {
      if (c.topologyKey !== HOSTNAME) soft.counts[i].set(node.labels[c.topologyKey] ?? '', 0);
    });
  }
  soft.weights = constraints.map((c, i) =>
    Math.log((c.topologyKey === HOSTNAME ? nodes.length - soft.ignored.size : soft.counts[i].size) + 2),
  );
  if (constraints.some((c) => c.topologyKey !== HOSTNAME)) countDomains(soft, pod, needsAll, cycle);
  return soft;
}

/** Counts matches in wider domains, over all nodes; those of a hostname are counted when a node is scored. */
function countDomains(soft: Soft, pod: PodInfo, needsAll: boolean, cycle: Cycle): void {
  const required = requiredNode(pod.pod.spec);
  for (const node of cycle.nodes) {
    if (needsAll && !hasKeys(node, soft.constraints)) continue;
    soft.constraints.forEach((c, i) => {
      if (c.topologyKey === HOSTNAME || !included(c, pod, node, required)) return;
      const value = node.labels[c.topologyKey] ?? '';
      const count = soft.counts[i].get(value);
      if (count !== undefined) soft.counts[i].set(value, count + countOn(node, c, pod));
    });
  }
}

/** The pod's own constraints that exclude nodes; the default ones only score. */
const hardOf = (pod: PodInfo): Constraint[] =>
  ((pod.pod.spec.topologySpreadConstraints ?? []) as Obj[])
    .filter((c) => c.whenUnsatisfiable === 'DoNotSchedule')
    .map((c) => constraint(c, pod, selectorOf(c, pod)));

/** Whether a pod that comes, goes or changes its labels is one of those that the constraints count (isSchedulableAfterPodChange). */
const counted: Hint = (pod, { type, object, old }) => {
  const isElsewhere = object.metadata.namespace !== pod.namespace || !(isPlaced(object) || isPlaced(old ?? object));
  if (object.metadata.uid !== pod.uid && isElsewhere) return false;
  const [now, before] = [object.metadata.labels ?? {}, old?.metadata.labels ?? {}];
  const relabelled = type === 'MODIFIED' && old?.spec.nodeName === object.spec.nodeName;
  return hardOf(pod).some(({ selector }) =>
    relabelled ? matches(selector, now) !== matches(selector, before) : matches(selector, now),
  );
};

/** Whether the node is in other domains than before (isSchedulableAfterNodeChange). */
const moves: Hint = (pod, { type, object, old }) => {
  const constraints = hardOf(pod);
  const has = (node: KubeObject) => constraints.every((c) => node.metadata.labels?.[c.topologyKey] !== undefined);
  if (type === 'DELETED' || !old) return has(object);
  if (has(object) !== has(old)) return true;
  if (!has(object)) return false;
  const moved = constraints.some((c) => object.metadata.labels?.[c.topologyKey] !== old.metadata.labels?.[c.topologyKey]);
  return moved || !equal(object.spec?.taints, old.spec?.taints);
};

/** Spreads matching pods over domains: hard constraints filter, soft and default ones score (plugins/podtopologyspread). */
export const podTopologySpread: Plugin = {
  name: NAME,
  weight: 2,
  events: {
    'pod/add': counted,
    'pod/label': counted,
    'pod/delete': counted,
    'pod/toleration': (pod, { object }) => object.metadata.uid === pod.uid && hardOf(pod).some((c) => c.honorTaints),
    'node/add': moves,
    'node/delete': moves,
    'node/label': moves,
    'node/taint': moves,
  },
  preFilter(pod, cycle): PreFilterResult {
    const hard = hardState(pod, cycle);
    if (!hard.length) return 'skip';
    cycle.state.set(NAME, hard);
    return undefined;
  },
  filter(_pod, node, cycle): Rejection | undefined {
    for (const { constraint: c, counts, min, self } of cycle.state.get(NAME) as Hard[]) {
      const value = node.labels[c.topologyKey];
      if (value === undefined) return unresolvable(`${NO_MATCH} (missing required label)`);
      if ((counts.get(value) ?? 0) + self - min > c.maxSkew) return unschedulable(NO_MATCH);
    }
    return undefined;
  },
  preScore(pod, nodes, cycle) {
    const soft = softState(pod, nodes, cycle);
    if (!soft) return 'skip';
    cycle.state.set(`PreScore/${NAME}`, soft);
    return undefined;
  },
  score(pod, node, cycle) {
    const soft = cycle.state.get(`PreScore/${NAME}`) as Soft;
    if (soft.ignored.has(node.name)) return 0;
    let score = 0;
    soft.constraints.forEach((c, i) => {
      const value = node.labels[c.topologyKey];
      if (value === undefined) return;
      const count = c.topologyKey === HOSTNAME ? countOn(node, c, pod) : (soft.counts[i].get(value) ?? 0);
      score += count * soft.weights[i] + (c.maxSkew - 1);
    });
    return Math.round(score);
  },
  normalize(scores, nodes, cycle) {
    const { ignored } = cycle.state.get(`PreScore/${NAME}`) as Soft;
    const counted = scores.filter((_, i) => !ignored.has(nodes[i].name));
    const min = Math.min(...counted);
    const max = Math.max(0, ...counted);
    for (let i = 0; i < scores.length; i++) {
      if (ignored.has(nodes[i].name)) scores[i] = 0;
      else scores[i] = max === 0 ? MAX_SCORE : Math.trunc((MAX_SCORE * (max + min - scores[i])) / max);
    }
  },
};
