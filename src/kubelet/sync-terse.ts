import { parseTime, rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { terseStatus } from './pod-status.ts';
import { LOST, type ProcessState, type Observation, UNKNOWN } from './runtime.ts';
import { containerStatus } from './status.ts';
import { nothing, type PodSync } from './sync.ts';
import { compact } from './status.ts';

/** One step of a pod whose runtime reports only outcomes (KWOK's stages): no steps, no events, no back-offs, no restarts. */
export function syncTerse(pod: KubeObject, observation: Observation, now: number): PodSync {
  const old = new Map<string, Obj>((pod.status?.containerStatuses ?? []).map((c: Obj) => [c.name, c]));
  const sync = nothing(observation.next);
  const containerStatuses: Obj[] = [];
  let isChanged = false;
  for (const container of pod.spec.containers as Obj[]) {
    const { image, process } = observation.containers[container.name] ?? UNKNOWN;
    const before = old.get(container.name);
    const isShownRunning = before?.state?.running !== undefined;
    const after = isShownRunning ? running(container, before, process, now) : waiting(container, before, process);
    if (!isShownRunning && !after && !before?.state?.terminated && process.state !== 'starting' && image.state === 'present')
      sync.actions.push({ do: 'start', container: container.name, attempt: attemptOf(before) });
    if (after) isChanged = true;
    const status = after ?? before;
    if (status) containerStatuses.push(status);
  }
  const isFinished =
    containerStatuses.length === pod.spec.containers.length && containerStatuses.every((c) => c.state?.terminated);
  if (isChanged || isFinished) sync.status = (at) => terseStatus(pod, { containerStatuses, isFinished }, at);
  return sync;
}

/** The start that follows what the status says of the last run. */
const attemptOf = (status: Obj | undefined): number => (status?.lastState?.terminated ? (status.restartCount ?? 0) + 1 : 0);

function waiting(container: Obj, old: Obj | undefined, process: ProcessState): Obj | undefined {
  if (old?.state?.terminated || (process.state !== 'running' && process.state !== 'exited')) return undefined;
  if (process.attempt < attemptOf(old)) return undefined;
  const ready = process.state === 'running' && process.isReady;
  return containerStatus(container, { running: { startedAt: rfc3339(process.startedAt) } }, { ready });
}

function running(container: Obj, old: Obj, process: ProcessState, now: number): Obj | undefined {
  if (process.state === 'starting') return undefined;
  if (process.state === 'running')
    return process.isReady === old.ready ? undefined : { ...old, ready: process.isReady, started: true };
  const end =
    process.state === 'exited' ? process : { startedAt: parseTime(old.state.running.startedAt), finishedAt: now, ...LOST };
  const terminated = compact({
    exitCode: end.exitCode,
    reason: end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error'),
    message: end.message,
    startedAt: rfc3339(end.startedAt),
    finishedAt: rfc3339(end.finishedAt),
  });
  return containerStatus(container, { terminated }, { ready: false, started: false });
}
