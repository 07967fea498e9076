import type { KubeObject, Obj } from '../../lib/json.ts';
import { tolerates } from '../shared/taints.ts';

const PREFIX = 'node.kubernetes.io/';
/** Tolerations that every daemon pod gets (AddOrUpdateDaemonPodTolerations). */
const TOLERATIONS: Obj[] = [
  { key: `${PREFIX}not-ready`, operator: 'Exists', effect: 'NoExecute' },
  { key: `${PREFIX}unreachable`, operator: 'Exists', effect: 'NoExecute' },
  { key: `${PREFIX}disk-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${PREFIX}memory-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${PREFIX}pid-pressure`, operator: 'Exists', effect: 'NoSchedule' },
  { key: `${PREFIX}unschedulable`, operator: 'Exists', effect: 'NoSchedule' },
];
const NETWORK: Obj = { key: `${PREFIX}network-unavailable`, operator: 'Exists', effect: 'NoSchedule' };

export function tolerationsOf(spec: Obj): Obj[] {
  const had: Obj[] = spec.tolerations ?? [];
  const own = spec.hostNetwork ? [...TOLERATIONS, NETWORK] : TOLERATIONS;
  return [...had, ...own.filter((t) => !had.some((h) => h.key === t.key && h.effect === t.effect && h.operator === t.operator))];
}

/** Whether a daemon should run on the node, and whether a running one may go on (NodeShouldRunDaemonPod). */
export function fits(set: KubeObject, node: KubeObject): { run: boolean; goOn: boolean } {
  const spec: Obj = set.spec?.template?.spec ?? {};
  if ((spec.nodeName && spec.nodeName !== node.metadata.name) || !matchesNode(spec, node)) return { run: false, goOn: false };
  const tolerations = tolerationsOf(spec);
  const untolerated = (effect: string) =>
    (node.spec?.taints ?? []).some((taint: Obj) => taint.effect === effect && !tolerations.some((t) => tolerates(t, taint)));
  const evicted = untolerated('NoExecute');
  return { run: !evicted && !untolerated('NoSchedule'), goOn: !evicted };
}

function matchesNode(spec: Obj, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms: Obj[] | undefined = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return selected && (!terms || terms.some((term) => matchesTerm(term, node)));
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: Obj, node: KubeObject): boolean {
  if (!matchExpressions.length && !matchFields.length) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every((e: Obj) => matchesRequirement(e, labels[e.key])) &&
    matchFields.every((e: Obj) => e.key === 'metadata.name' && matchesRequirement(e, node.metadata.name))
  );
}

function matchesRequirement({ operator, values = [] }: Obj, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** Node affinity that pins a pod to a node, in place of its own node affinity (ReplaceDaemonSetPodNodeNameNodeAffinity). */
export function pinnedTo(affinity: Obj | undefined, node: string): Obj {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  const nodeAffinity = { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  return { ...affinity, nodeAffinity };
}

/** The node a daemon is on, or is pinned to (GetTargetNodeName). */
export function targetOf(pod: KubeObject): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms: Obj[] = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const named = matchFields.find((f: Obj) => f.key === 'metadata.name' && f.operator === 'In');
    if (named?.values?.length) return named.values[0];
  }
  return undefined;
}
