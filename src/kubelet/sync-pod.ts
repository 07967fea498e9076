import { parseTime, secondsInMs } from '../api/machinery/time.ts';
import type { KubeObject } from '../lib/json.ts';
import { eventsOf } from './events.ts';
import { isShown, podStatus, type PodProgress } from './pod-status.ts';
import { type ContainerObservation, type Observation, UNKNOWN } from './runtime.ts';
import { type ContainerSync, lookAt, type LastSaid, nothing, type PodSync } from './sync.ts';
import { beginning, syncContainer } from './sync-container.ts';
import { deletion, syncStopping, workDone } from './sync-stopping.ts';
import { syncTerse } from './sync-terse.ts';
import { isWorkDone, type Member, members, type Statuses, statusesOf, turnsOf } from './turns.ts';

const NEVER: LastSaid = () => 0;
const OVER = new Set(['Succeeded', 'Failed']);

/**
 * One step of a pod (upstream's SyncPod with computePodActions): from what the API says of it and what its runtime knows, what is to be
 * done and shown. Pure; the runtime acts, the caller writes.
 */
export function syncPod(pod: KubeObject, observation: Observation, now: number, said: LastSaid = NEVER): PodSync {
  const isOver = OVER.has(pod.status?.phase);
  if (pod.metadata.deletionTimestamp !== undefined) return syncStopping(pod, observation, deletion(pod), said, now);
  if (observation.isTerse) return isOver ? nothing(undefined) : syncTerse(pod, observation, now);
  const statuses = statusesOf(pod);
  const isRunning = [...statuses.values()].some((c) => c.state?.running);
  if (isOver && !isRunning) return nothing(undefined);
  const deadline = isOver ? undefined : deadlineOf(pod);
  if (deadline !== undefined && now >= deadline) return exceeded(pod, statuses);
  if (isOver || (isRunning && isDone(pod, statuses))) return syncStopping(pod, observation, workDone(pod), said, now);
  const sync = syncMembers(pod, statuses, observation, said, now);
  lookAt(sync, deadline);
  return sync;
}

/** Whether no container but sidecars will run any more. */
const isDone = (pod: KubeObject, statuses: Statuses): boolean =>
  isWorkDone(pod, statuses) || turnsOf(pod, statuses).failedInit !== undefined;

/** When a pod has been active for longer than it may, ms (pkg/kubelet/active_deadline.go). */
function deadlineOf({ spec, status }: KubeObject): number | undefined {
  if (spec.activeDeadlineSeconds == null || !status?.startTime) return undefined;
  return parseTime(status.startTime) + secondsInMs(spec.activeDeadlineSeconds);
}

const EXCEEDED = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };

/** The pod has failed; its containers are stopped from the next step on. */
function exceeded(pod: KubeObject, statuses: Statuses): PodSync {
  const progress: PodProgress = { statuses, isTerminal: true, failure: EXCEEDED };
  return {
    ...nothing(undefined),
    status: (at) => podStatus(pod, progress, at),
    events: [{ verb: 'event', regarding: pod, type: 'Normal', ...EXCEEDED, component: 'kubelet' }],
  };
}

function syncMembers(pod: KubeObject, old: Statuses, observation: Observation, said: LastSaid, now: number): PodSync {
  const sync = nothing(observation.next);
  const turns = turnsOf(pod, old);
  const all = members(pod);
  const statuses = new Map(old);
  const observed = ({ container }: Member): ContainerObservation => observation.containers[container.name] ?? UNKNOWN;
  const take = (member: Member, step: ContainerSync): void => {
    const { container } = member;
    if (step.action) sync.actions.push(step.action);
    lookAt(sync, step.next);
    sync.events.push(...eventsOf(step.says, pod, container, observed(member).image));
    if (step.status) statuses.set(container.name, step.status);
  };
  for (const member of all) {
    const { name } = member.container;
    const isInTurn = turns.names.has(name);
    take(member, syncContainer({ pod, ...member, old: old.get(name), observed: observed(member), isInTurn, said, now }));
  }
  const { names } = turnsOf(pod, statuses);
  for (const member of all) {
    const { name } = member.container;
    const isWaiting = statuses.get(name)?.state?.waiting !== undefined;
    if (isWaiting && names.has(name) && !turns.names.has(name)) take(member, beginning(observed(member), member.container));
  }
  const isTerminal = isDone(pod, statuses) && ![...statuses.values()].some((c) => c.state?.running);
  const progress: PodProgress = { statuses, isTerminal };
  const isChanged = all.some(({ container }) => statuses.get(container.name) !== old.get(container.name));
  const isCurrent = pod.status?.observedGeneration === pod.metadata.generation;
  if (isChanged || !isCurrent || !isShown(pod, progress)) sync.status = (at) => podStatus(pod, progress, at);
  return sync;
}
