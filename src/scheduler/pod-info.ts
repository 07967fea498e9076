import { fromLabelSelector, matches, NOTHING, type Requirement } from '../api/machinery/labels.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Reader } from '../registry/view.ts';
import { type Amounts, podAmounts } from './resources.ts';

/** A term of pod (anti-)affinity, parsed. */
export interface Term {
  topologyKey: string;
  selector: readonly Requirement[];
  namespaces: ReadonlySet<string>;
  /** Chooses more namespaces by their labels. */
  namespaceSelector: readonly Requirement[];
  weight: number;
}

export interface HostPort {
  ip: string;
  protocol: string;
  port: number;
}

export interface AffinityTerms {
  required: Term[];
  requiredAnti: Term[];
  preferred: Term[];
  preferredAnti: Term[];
}

const NO_TERMS: AffinityTerms = { required: [], requiredAnti: [], preferred: [], preferredAnti: [] };
const NO_PORTS: HostPort[] = [];

/** The scheduling facts of a pod, computed once. */
export interface PodInfo {
  pod: KubeObject;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly priority: number;
  readonly requests: Amounts;
  readonly nonZero: Amounts;
  readonly ports: readonly HostPort[];
  readonly affinity: AffinityTerms;
  readonly terminating: boolean;
}

const NO_LABELS: Record<string, string> = Object.freeze({});

/** The info of a pod. `known` is that of a former state, whose facts are reused if the spec is the same. */
export function podInfo(pod: KubeObject, known?: PodInfo): PodInfo {
  const { metadata, spec } = pod;
  const same = known && sameSpec(known.pod, pod) ? known : undefined;
  return {
    pod,
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? NO_LABELS,
    priority: spec.priority ?? 0,
    requests: same?.requests ?? podAmounts(spec, false),
    nonZero: same?.nonZero ?? podAmounts(spec, true),
    ports: same?.ports ?? hostPorts(spec),
    affinity: same?.affinity ?? affinityTerms(spec.affinity, metadata.namespace ?? ''),
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/**
 * Whether two states have the same spec: metadata.generation grows with every change of it but the binding, which is no such
 * fact.
 */
const sameSpec = (a: KubeObject, b: KubeObject): boolean =>
  a === b ||
  (a.metadata.generation !== undefined && a.metadata.generation === b.metadata.generation && a.metadata.uid === b.metadata.uid);

export function hostPorts(spec: Obj): HostPort[] {
  let out: HostPort[] | undefined;
  const collect = (container: Obj) => {
    for (const port of container.ports ?? []) {
      if (!port.hostPort) continue;
      out ??= [];
      out.push({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol || 'TCP', port: port.hostPort });
    }
  };
  for (const container of spec.containers ?? []) collect(container);
  for (const container of spec.initContainers ?? []) if (container.restartPolicy === 'Always') collect(container);
  return out ?? NO_PORTS;
}

function affinityTerms(affinity: Obj | undefined, namespace: string): AffinityTerms {
  if (!affinity?.podAffinity && !affinity?.podAntiAffinity) return NO_TERMS;
  const required = (side: Obj | undefined) =>
    (side?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term: Obj) => parseTerm(term, namespace, 0));
  const preferred = (side: Obj | undefined) =>
    (side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((t: Obj) =>
      parseTerm(t.podAffinityTerm, namespace, t.weight),
    );
  return {
    required: required(affinity.podAffinity),
    requiredAnti: required(affinity.podAntiAffinity),
    preferred: preferred(affinity.podAffinity),
    preferredAnti: preferred(affinity.podAntiAffinity),
  };
}

function parseTerm(term: Obj, namespace: string, weight: number): Term {
  const named: string[] = term.namespaces ?? [];
  return {
    topologyKey: term.topologyKey,
    selector: fromLabelSelector(term.labelSelector),
    namespaces: new Set(named.length || term.namespaceSelector ? named : [namespace]),
    namespaceSelector: term.namespaceSelector ? fromLabelSelector(term.namespaceSelector) : NOTHING,
    weight,
  };
}

/** Whether the term selects a pod. Without a view the namespace's labels count as none, as in upstream's queueing hints. */
export function termMatches(term: Term, pod: Pick<PodInfo, 'labels' | 'namespace'>, view?: Reader): boolean {
  if (!matches(term.selector, pod.labels)) return false;
  if (term.namespaces.has(pod.namespace)) return true;
  if (term.namespaceSelector === NOTHING) return false;
  return matches(term.namespaceSelector, view?.get('namespaces', '', pod.namespace)?.metadata.labels);
}

/** Whether the pod's terms are scores for others; those of required anti-affinity only exclude. */
export const scoresOthers = ({ affinity: { required, preferred, preferredAnti } }: PodInfo): boolean =>
  required.length + preferred.length + preferredAnti.length > 0;
