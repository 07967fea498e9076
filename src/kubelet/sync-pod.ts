import { type KubeObject, type Obj } from '../lib/json.ts';
import type { EventAction } from '../reconcile/plan.ts';
import { eventsOf } from './events.ts';
import { type PodProgress, podStatus, terseStatus } from './pod-status.ts';
import type { ContainerObservation, Observation, RuntimeAction } from './runtime.ts';
import { condition, type Place } from './status.ts';
import { restarts, syncContainer } from './sync-container.ts';

/** Result for a pod at one time. */
export interface PodSync {
  /** Actions for the runtime. After them the pod is synced again, with a new observation. */
  actions: RuntimeAction[];
  /** Its new status; undefined: it stays as it is. */
  status: ((at: Place) => Obj) | undefined;
  events: EventAction[];
  /** All containers have stopped: the pod may be finally deleted. */
  isGone: boolean;
  /** When to look again though nothing is signalled, ms. */
  next?: number;
}

const UNKNOWN: ContainerObservation = { image: { state: 'absent' }, process: { state: 'none' } };

/**
 * One step of a pod (upstream's SyncPod with computePodActions): from what the API says of it and what its runtime knows, what is to be
 * done and shown. Pure; the runtime acts, the caller writes.
 */
export function syncPod(pod: KubeObject, observation: Observation, now: number): PodSync {
  if (pod.metadata.deletionTimestamp !== undefined) return syncTerminating(pod, observation);
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return nothing(undefined);
  const isTerse = observation.isTerse === true;
  const old = new Map<string, Obj>((pod.status?.containerStatuses ?? []).map((c: Obj) => [c.name, c]));
  const sync = nothing(observation.next);
  const containerStatuses: Obj[] = [];
  let isChanged = false;
  for (const container of pod.spec.containers as Obj[]) {
    const observed = observation.containers[container.name] ?? UNKNOWN;
    const step = syncContainer({ pod, container, old: old.get(container.name), observed, isTerse, now });
    if (step.action) sync.actions.push(step.action);
    if (step.next !== undefined) sync.next = Math.min(step.next, sync.next ?? step.next);
    if (!isTerse) sync.events.push(...eventsOf(step.says, pod, container, observed.image));
    if (step.status) isChanged = true;
    const status = step.status ?? old.get(container.name);
    if (status) containerStatuses.push(status);
  }
  // Others may have said that it is not ready (node lifecycle): the kubelet knows better.
  if (!isTerse && !isChanged && isReadyAgain(pod, containerStatuses)) isChanged = true;
  // Ended containers are reported one step before the phase, except where only the outcome is reported.
  const isFinished = (!isChanged || isTerse) && isOver(pod, containerStatuses, isTerse);
  if (isChanged || isFinished) sync.status = (at) => statusOf(pod, { containerStatuses, isFinished }, isTerse, at);
  return sync;
}

const nothing = (next: number | undefined): PodSync => ({
  actions: [],
  status: undefined,
  events: [],
  isGone: false,
  ...(next !== undefined && { next }),
});

/** Whether no container runs again. KWOK's stages do not look at the restart policy. */
function isOver(pod: KubeObject, statuses: Obj[], isTerse: boolean): boolean {
  const { spec } = pod;
  return (
    statuses.length === spec.containers.length &&
    statuses.every(({ state }) => state?.terminated && (isTerse || !restarts(spec, state.terminated.exitCode)))
  );
}

const isReadyAgain = (pod: KubeObject, statuses: Obj[]): boolean =>
  statuses.length === pod.spec.containers.length &&
  statuses.every((c) => c.ready) &&
  condition(pod.status, 'Ready')?.status !== 'True';

const statusOf = (pod: KubeObject, progress: PodProgress, isTerse: boolean, at: Place): Obj =>
  isTerse ? terseStatus(pod, progress, at) : podStatus(pod, progress, at);

/** A pod that is to stop: its processes end, at the latest when its grace period does; then it goes. */
function syncTerminating(pod: KubeObject, observation: Observation): PodSync {
  if (!observation.isStopped) {
    const killAt = Date.parse(pod.metadata.deletionTimestamp as string);
    return { ...nothing(observation.next), actions: [{ do: 'stop', killAt }] };
  }
  const events = observation.isTerse
    ? []
    : pod.spec.containers.flatMap((container: Obj) => eventsOf(['Killing'], pod, container, { state: 'absent' }));
  return { ...nothing(undefined), events, isGone: true };
}
