import { fromMap, matches, type Operator, type Requirement } from '../../api/machinery/labels.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { common, type Hint, normalizeToMax, type Plugin, type PreFilterResult, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';

const OPERATORS: Record<string, Operator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!', Gt: 'gt', Lt: 'lt' };

/** What a selection looks at. */
type Named = Pick<NodeInfo, 'labels' | 'name'>;

interface NodeTerm {
  labels: Requirement[];
  fields: Obj[];
  weight: number;
}

/** A node selector and a list of terms, ready to be matched; undefined where the pod has none. */
export interface RequiredNode {
  selector?: Requirement[];
  terms?: NodeTerm[];
}

function parseTerm(term: Obj, weight = 0): NodeTerm {
  const labels = (term.matchExpressions ?? []).map((e: Obj) => ({
    key: e.key,
    operator: OPERATORS[e.operator],
    values: e.values ?? [],
  }));
  return { labels, fields: term.matchFields ?? [], weight };
}

const isEmpty = (term: Obj): boolean => !term?.matchExpressions?.length && !term?.matchFields?.length;

function termMatches(term: NodeTerm, node: Named): boolean {
  if (!matches(term.labels, node.labels)) return false;
  return term.fields.every(({ key, operator, values }) => {
    const isIt = key === 'metadata.name' && values?.[0] === node.name;
    return operator === 'In' ? isIt : operator === 'NotIn' && !isIt;
  });
}

/** Whether a node selector (of a volume) selects the node. */
export const matchesTerms = (selector: Obj, node: NodeInfo): boolean =>
  parseTerms(selector).some((term) => termMatches(term, node));

const parseTerms = (selector: Obj): NodeTerm[] =>
  (selector.nodeSelectorTerms ?? []).filter((t: Obj) => !isEmpty(t)).map((t: Obj) => parseTerm(t));

/** spec.nodeSelector and the required node affinity, parsed (nodeaffinity.GetRequiredNodeAffinity). */
export function requiredNode(spec: Obj): RequiredNode {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    ...(spec.nodeSelector && { selector: fromMap(spec.nodeSelector) }),
    ...(required && { terms: parseTerms(required) }),
  };
}

/** Whether the node satisfies the pod's required node selection. */
export function matchesRequired(required: RequiredNode, node: Named): boolean {
  if (required.selector && !matches(required.selector, node.labels)) return false;
  return !required.terms || required.terms.some((term) => termMatches(term, node));
}

/** The nodes named by metadata.name terms, when every term names some. */
function namedNodes(terms: Obj[]): Set<string> | undefined {
  const out = new Set<string>();
  for (const term of terms) {
    let names: Set<string> | undefined;
    for (const field of term.matchFields ?? []) {
      if (field.key !== 'metadata.name' || field.operator !== 'In') continue;
      const values = new Set<string>(field.values);
      names = names ? common(names, values) : values;
    }
    if (!names) return undefined;
    for (const name of names) out.add(name);
  }
  return out;
}

/** Whether the node satisfies the pod's selection now, and did not before. */
const opens: Hint = ({ pod }, { object, old }) => {
  const required = requiredNode(pod.spec);
  return matchesRequired(required, nodeOf(object)) && !(old && matchesRequired(required, nodeOf(old)));
};

const nodeOf = ({ metadata }: KubeObject): Named => ({
  name: metadata.name,
  labels: metadata.labels ?? {},
});

/** nodeSelector, required and preferred node affinity (plugins/nodeaffinity). */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  events: { 'node/add': opens, 'node/label': opens },
  preFilter({ pod }, cycle): PreFilterResult {
    const required = requiredNode(pod.spec);
    if (!required.selector && !required.terms) return 'skip';
    cycle.state.set('NodeAffinity', required);
    const terms: Obj[] = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
    const named = terms.length ? namedNodes(terms) : undefined;
    if (!named) return undefined;
    return named.size ? { nodes: named } : { reject: unresolvable('pod affinity terms conflict') };
  },
  filter: (_pod, node, cycle) =>
    matchesRequired(cycle.state.get('NodeAffinity') as RequiredNode, node)
      ? undefined
      : unresolvable("node(s) didn't match Pod's node affinity/selector"),
  preScore({ pod }, _nodes, cycle) {
    const preferred: Obj[] | undefined = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred) return 'skip';
    const terms = preferred.filter((t) => t.weight && !isEmpty(t.preference)).map((t) => parseTerm(t.preference, t.weight));
    cycle.state.set('PreScore/NodeAffinity', terms);
    return undefined;
  },
  score(_pod, node, cycle) {
    const terms = cycle.state.get('PreScore/NodeAffinity') as NodeTerm[];
    return terms.reduce((sum, term) => (termMatches(term, node) ? sum + term.weight : sum), 0);
  },
  normalize: (scores) => normalizeToMax(scores, false),
};
