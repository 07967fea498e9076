import { rfc3339 } from '../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../lib/json.ts';
import { conditionsOf, type PodFacts } from './conditions.ts';
import { phaseOf } from './phase.ts';
import { compact, keptOf, mergeConditions, type Place, placeOf, plainCondition, terseInitStatus } from './status.ts';
import { hasRun, type Statuses } from './turns.ts';

/** The state of a pod whose status is to be written. */
export interface PodProgress {
  statuses: Statuses;
  /** Nothing of it is going to run again, whatever the policies say. */
  isTerminal: boolean;
  /** The pod has failed as a whole. */
  failure?: { reason: string; message: string };
}

const CREATING = new Set(['ContainerCreating', 'PodInitializing']);
const isCreating = (c: Obj): boolean => CREATING.has(c.state?.waiting?.reason) && !hasRun(c);

function factsOf(pod: KubeObject, { statuses, isTerminal, failure }: PodProgress): PodFacts {
  const old: string | undefined = pod.status?.phase;
  const isOver = old === 'Succeeded' || old === 'Failed';
  const phase = failure ? 'Failed' : isOver ? (old as string) : phaseOf(pod, statuses, isTerminal);
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  return { statuses, phase, hasSandbox: !hasEnded && ![...statuses.values()].every(isCreating) };
}

const shownConditions = (conditions: Obj[]): Obj[] => conditions.map((condition) => ({ ...condition, lastTransitionTime: null }));

/** Whether the phase and the kubelet's conditions follow from the statuses as they are: others may have written them. */
export function isShown(pod: KubeObject, progress: PodProgress): boolean {
  const facts = factsOf(pod, progress);
  if (facts.phase !== pod.status?.phase) return false;
  const wanted = conditionsOf(pod, facts, 0);
  const types = new Set(wanted.map(({ type }) => type));
  const found = (pod.status?.conditions ?? []).filter(({ type }: Obj) => types.has(type));
  return equal(shownConditions(wanted), shownConditions(found));
}

/** The status of a pod as a kubelet writes it (pkg/kubelet generateAPIPodStatus). */
export function podStatus(pod: KubeObject, progress: PodProgress, at: Place): Obj {
  const status: Obj = pod.status ?? {};
  const facts = factsOf(pod, progress);
  const { statuses, phase, hasSandbox } = facts;
  const why = progress.failure ?? (phase === status.phase ? { reason: status.reason, message: status.message } : {});
  const listOf = (containers: Obj[] | undefined): Obj[] | undefined =>
    containers?.length ? containers.flatMap(({ name }) => statuses.get(name) ?? []) : undefined;
  return compact({
    ...keptOf(status),
    observedGeneration: pod.metadata.generation,
    phase,
    conditions: mergeConditions(status, conditionsOf(pod, facts, at.now)),
    ...why,
    ...(hasSandbox || status.podIP ? placeOf(status, at) : { hostIP: at.hostIP, hostIPs: [{ ip: at.hostIP }] }),
    startTime: status.startTime ?? rfc3339(at.now),
    initContainerStatuses: listOf(pod.spec.initContainers),
    containerStatuses: listOf(pod.spec.containers) ?? [],
    qosClass: status.qosClass,
    ephemeralContainerStatuses: listOf(pod.spec.ephemeralContainers),
    resourceClaimStatuses: status.resourceClaimStatuses,
  });
}

/** The status of a pod as KWOK's stages pod-ready and pod-complete write it. */
export function terseStatus(pod: KubeObject, progress: { containerStatuses: Obj[]; isFinished: boolean }, at: Place): Obj {
  const { spec, status = {} } = pod;
  const { containerStatuses, isFinished } = progress;
  if (isFinished) return { ...status, phase: containerStatuses.every(hasSucceeded) ? 'Succeeded' : 'Failed', containerStatuses };
  const time = rfc3339(at.now);
  const gates: string[] = (spec.readinessGates ?? []).map((g: Obj) => g.conditionType);
  const conditions = ['Initialized', 'Ready', 'ContainersReady', ...gates].map((type) => plainCondition(type, 'True', time));
  return compact({
    ...keptOf(status),
    phase: 'Running',
    conditions: mergeConditions(status, conditions),
    ...placeOf(status, at),
    startTime: time,
    ...(spec.initContainers?.length && { initContainerStatuses: spec.initContainers.map((c: Obj) => terseInitStatus(c, time)) }),
    containerStatuses,
    qosClass: status.qosClass,
  });
}

const hasSucceeded = ({ state }: Obj): boolean => state.terminated.exitCode === 0;
