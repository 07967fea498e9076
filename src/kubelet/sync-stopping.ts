import { parseTime, secondsInMs } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { eventsOf, fieldPath, type Said } from './events.ts';
import { MINIMUM_GRACE_SECONDS } from './limits.ts';
import { podStatus, type PodProgress } from './pod-status.ts';
import { type Observation, UNKNOWN } from './runtime.ts';
import { condition } from './status.ts';
import { type ContainerSync, type LastSaid, nothing, type PodSync } from './sync.ts';
import { ended, inSeconds, lost } from './sync-running.ts';
import { endOf, type Member, members, statusesOf } from './turns.ts';

/** Why, since when and until when a pod is stopped. */
export interface Stop {
  since: number;
  killAt: number;
  isDeleted: boolean;
}

/** The stop of a deleted pod: deletionTimestamp is the end of its grace period. */
export function deletion({ metadata }: KubeObject): Stop {
  const killAt = parseTime(metadata.deletionTimestamp ?? '');
  return { since: killAt - secondsInMs(metadata.deletionGracePeriodSeconds ?? 0), killAt, isDeleted: true };
}

/** The stop of a pod whose work is done or has failed: since the last of what its status tells. */
export function workDone({ spec, status }: KubeObject): Stop {
  const ends = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    (c: Obj) => endOf(c)?.finishedAt,
  );
  const times = [condition(status, 'ContainersReady')?.lastTransitionTime, ...ends].map((time) => (time ? parseTime(time) : 0));
  const since = Math.max(...times);
  const grace = Math.max(spec.terminationGracePeriodSeconds ?? 0, MINIMUM_GRACE_SECONDS);
  return { since, killAt: since + secondsInMs(grace), isDeleted: false };
}

/** Main containers first, then sidecars, the last one first (kuberuntime_termination_order.go). */
function orderOf(all: Member[]): string[][] {
  const sidecars = all.filter(({ role }) => role === 'sidecar').reverse();
  const others = all.filter(({ role }) => role !== 'sidecar');
  return [others.map(({ container }) => container.name), ...sidecars.map(({ container }) => [container.name])];
}

/** A step of a pod that is to stop: its processes end, at the latest when its grace period does, and are shown so. A deleted pod goes then. */
export function syncStopping(pod: KubeObject, observation: Observation, stop: Stop, said: LastSaid, now: number): PodSync {
  const { since, killAt, isDeleted } = stop;
  const sync = nothing(observation.isStopped ? undefined : observation.next);
  const all = members(pod);
  if (!observation.isStopped) sync.actions.push({ do: 'stop', since, killAt, order: orderOf(all) });
  if (observation.isTerse) return { ...sync, isGone: observation.isStopped };
  const old = statusesOf(pod);
  const statuses = new Map(old);
  let isChanged = false;
  for (const { container, role } of all) {
    const status = old.get(container.name);
    if (!status?.state?.running) continue;
    const { process, image } = observation.containers[container.name] ?? UNKNOWN;
    const says: Said[] = said('Killing', fieldPath(container, pod), 'Stopping') < inSeconds(since) ? ['Killing'] : [];
    let step: ContainerSync = {};
    if (process.state === 'exited') step = ended({ role }, status, process);
    else if (observation.isStopped || process.state === 'none') step = lost({ now, role }, status);
    if (step.status) {
      isChanged = true;
      statuses.set(container.name, step.status);
    }
    sync.events.push(...eventsOf([...says, ...(step.says ?? [])], pod, container, image));
  }
  if (isChanged) {
    const isTerminal = ![...statuses.values()].some((c) => c.state?.running);
    const progress: PodProgress = { statuses, isTerminal };
    sync.status = (at) => podStatus(pod, progress, at);
  }
  return { ...sync, isGone: isDeleted && observation.isStopped && !isChanged };
}
