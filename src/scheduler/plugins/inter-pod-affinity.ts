import type { KubeObject } from '../../lib/json.ts';
import type { Change } from '../../registry/view.ts';
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
import { type PodInfo, podInfo, scoresOthers, type Term, termMatches } from '../pod-info.ts';

const NAME = 'InterPodAffinity';
/** Weight of a required affinity of a pod that runs already, when others are scored (HardPodAffinityWeight). */
const HARD_WEIGHT = 1;

/** Number of matching pods by topology key and value. */
type Counts = Map<string, Map<string, number>>;

function bump(counts: Counts, node: NodeInfo, key: string, by: number): void {
  const value = node.labels[key];
  if (value === undefined) return;
  let values = counts.get(key);
  if (!values) counts.set(key, (values = new Map()));
  values.set(value, (values.get(value) ?? 0) + by);
}

const at = (counts: Counts, node: NodeInfo, key: string): number => counts.get(key)?.get(node.labels[key]) ?? 0;

interface Hard {
  /** Pods that match all affinity terms of the incoming pod. */
  affinity: Counts;
  /** Pods that match anti-affinity terms of the incoming pod. */
  anti: Counts;
  /** Pods whose anti-affinity terms match the incoming pod. */
  existing: Counts;
}

const all = (terms: Term[], pod: PodInfo, cycle: Cycle): boolean => terms.every((term) => termMatches(term, pod, cycle.view));

function hardState(pod: PodInfo, cycle: Cycle): Hard {
  const hard: Hard = { affinity: new Map(), anti: new Map(), existing: new Map() };
  const { required, requiredAnti } = pod.affinity;
  const own = required.length > 0 || requiredAnti.length > 0;
  for (const node of cycle.nodes) {
    if (own ? !node.pods.size : !node.withAntiAffinity) continue;
    for (const other of node.pods.values()) {
      for (const term of other.affinity.requiredAnti) {
        if (termMatches(term, pod, cycle.view)) bump(hard.existing, node, term.topologyKey, 1);
      }
      if (required.length && all(required, other, cycle))
        for (const term of required) bump(hard.affinity, node, term.topologyKey, 1);
      for (const term of requiredAnti) if (termMatches(term, other, cycle.view)) bump(hard.anti, node, term.topologyKey, 1);
    }
  }
  return hard;
}

function affinityHolds(pod: PodInfo, node: NodeInfo, hard: Hard, cycle: Cycle): boolean {
  const { required } = pod.affinity;
  if (required.some((term) => node.labels[term.topologyKey] === undefined)) return false;
  if (required.every((term) => at(hard.affinity, node, term.topologyKey) > 0)) return true;
  return hard.affinity.size === 0 && all(required, pod, cycle);
}

function existingForbids(node: NodeInfo, hard: Hard): boolean {
  for (const key of hard.existing.keys()) if (at(hard.existing, node, key) > 0) return true;
  return false;
}

/** Adds the scores of the affinity terms between one pod on a node and the incoming one, both ways (processExistingPod). */
function weigh(pod: PodInfo, other: PodInfo, node: NodeInfo, scores: Counts, cycle: Cycle): void {
  const { preferred, preferredAnti } = pod.affinity;
  for (const term of preferred) if (termMatches(term, other, cycle.view)) bump(scores, node, term.topologyKey, term.weight);
  for (const term of preferredAnti) if (termMatches(term, other, cycle.view)) bump(scores, node, term.topologyKey, -term.weight);
  if (!scoresOthers(other)) return;
  const { affinity } = other;
  for (const term of affinity.required) if (termMatches(term, pod, cycle.view)) bump(scores, node, term.topologyKey, HARD_WEIGHT);
  for (const term of affinity.preferred)
    if (termMatches(term, pod, cycle.view)) bump(scores, node, term.topologyKey, term.weight);
  for (const term of affinity.preferredAnti)
    if (termMatches(term, pod, cycle.view)) bump(scores, node, term.topologyKey, -term.weight);
}

/** Whether all terms select the pod; false if there are none. */
const selects = (terms: Term[], { metadata }: KubeObject): boolean => {
  const pod = { labels: metadata.labels ?? {}, namespace: metadata.namespace ?? '' };
  return terms.length > 0 && terms.every((term) => termMatches(term, pod));
};

/** Whether another pod's coming, going or change of labels may help (isSchedulableAfterPodChange). */
const helps: Record<'added' | 'relabelled' | 'deleted', Hint> = {
  added: ({ affinity }, { object }) => selects(affinity.required, object),
  relabelled({ uid, affinity }, { object, old }) {
    if (object.metadata.uid === uid) return true;
    const before = old as KubeObject;
    if (!isPlaced(object) || !isPlaced(before)) return false;
    if (!selects(affinity.required, before) && selects(affinity.required, object)) return true;
    return selects(affinity.requiredAnti, before) && !selects(affinity.requiredAnti, object);
  },
  deleted({ affinity, pod }, change) {
    const gone = leaving(change);
    return isPlaced(gone) && (selects(affinity.requiredAnti, gone) || selects(podInfo(gone).affinity.requiredAnti, pod));
  },
};

/** The pod as it was before it went. */
const leaving = ({ object, old }: Change): KubeObject => (isPlaced(object) ? object : (old ?? object));

/** Whether the node is in another domain of one of the pod's terms than before (isSchedulableAfterNodeChange). */
const moves: Hint = ({ affinity: { required, requiredAnti } }, { object, old }) => {
  const now = (term: Term) => object.metadata.labels?.[term.topologyKey];
  const before = (term: Term) => old?.metadata.labels?.[term.topologyKey];
  if (required.some((term) => now(term) !== undefined && now(term) !== before(term))) return true;
  return requiredAnti.some((term) => !old || (before(term) !== undefined && before(term) !== now(term)));
};

/** Pod affinity and anti-affinity, required and preferred (plugins/interpodaffinity). */
export const interPodAffinity: Plugin = {
  name: NAME,
  weight: 2,
  events: {
    'pod/add': helps.added,
    'pod/label': helps.relabelled,
    'pod/delete': helps.deleted,
    'node/add': moves,
    'node/label': moves,
  },
  preFilter(pod, cycle): PreFilterResult {
    const { required, requiredAnti } = pod.affinity;
    if (!required.length && !requiredAnti.length && !cycle.nodes.some((node) => node.withAntiAffinity)) return 'skip';
    const hard = hardState(pod, cycle);
    if (!required.length && !requiredAnti.length && !hard.existing.size) return 'skip';
    cycle.state.set(NAME, hard);
    return undefined;
  },
  filter(pod, node, cycle): Rejection | undefined {
    const hard = cycle.state.get(NAME) as Hard;
    if (pod.affinity.required.length && !affinityHolds(pod, node, hard, cycle)) {
      return unresolvable("node(s) didn't match pod affinity rules");
    }
    if (pod.affinity.requiredAnti.some((term) => at(hard.anti, node, term.topologyKey) > 0)) {
      return unschedulable("node(s) didn't match pod anti-affinity rules");
    }
    return existingForbids(node, hard) ? unschedulable("node(s) didn't satisfy existing pods anti-affinity rules") : undefined;
  },
  preScore(pod, _nodes, cycle) {
    const own = pod.affinity.preferred.length > 0 || pod.affinity.preferredAnti.length > 0;
    const scores: Counts = new Map();
    for (const node of cycle.nodes) {
      if (own ? !node.pods.size : !node.withAffinity) continue;
      for (const other of node.pods.values()) if (own || scoresOthers(other)) weigh(pod, other, node, scores, cycle);
    }
    if (!scores.size) return 'skip';
    cycle.state.set(`PreScore/${NAME}`, scores);
    return undefined;
  },
  score(_pod, node, cycle) {
    const scores = cycle.state.get(`PreScore/${NAME}`) as Counts;
    let sum = 0;
    for (const key of scores.keys()) sum += at(scores, node, key);
    return sum;
  },
  normalize(scores) {
    const min = Math.min(...scores);
    const spread = Math.max(...scores) - min;
    for (let i = 0; i < scores.length; i++) scores[i] = spread > 0 ? Math.trunc(MAX_SCORE * ((scores[i] - min) / spread)) : 0;
  },
};
