import { isPodReady } from '../../api/core/pod/conditions.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { backoff } from '../../kubelet/backoff.ts';
import type { Behaviour } from './behaviour.ts';

/** State of a simulated pod, derived from its status alone. */
export type PodState =
  | 'bound'
  | 'creating'
  | 'pull-failed'
  | 'pull-backoff'
  | 'started'
  | 'ready'
  | 'exited'
  | 'crash-backoff'
  | 'finished';

const WAITING: Record<string, PodState> = {
  ContainerCreating: 'creating',
  PodInitializing: 'creating',
  ErrImagePull: 'pull-failed',
  ImagePullBackOff: 'pull-backoff',
  CrashLoopBackOff: 'crash-backoff',
};

/** State of a pod, by its first container: those of a simulated pod change state together. */
export function stateOf(pod: KubeObject): PodState {
  const status: Obj = pod.status ?? {};
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return 'finished';
  const first: Obj | undefined = status.containerStatuses?.[0];
  if (!first) return 'bound';
  if (first.state?.running) return isPodReady({ status }) ? 'ready' : 'started';
  if (first.state?.terminated) return 'exited';
  return WAITING[first.state?.waiting?.reason] ?? 'bound';
}

/** Time at which the pod entered the state, ms since the epoch. */
export function enteredAt(pod: KubeObject, state: PodState): number {
  const status: Obj = pod.status ?? {};
  const first: Obj = status.containerStatuses?.[0] ?? {};
  switch (state) {
    case 'started':
    case 'ready':
      return parseTime(first.state.running.startedAt);
    case 'exited':
      return parseTime(first.state.terminated.finishedAt);
    case 'crash-backoff':
      return parseTime(first.lastState.terminated.finishedAt);
    case 'bound': {
      const scheduled = (status.conditions ?? []).find((c: Obj) => c.type === 'PodScheduled' && c.status === 'True');
      return parseTime(scheduled?.lastTransitionTime ?? pod.metadata.creationTimestamp);
    }
    default:
      return parseTime(status.startTime ?? pod.metadata.creationTimestamp);
  }
}

/**
 * Failed pulls of an image that does not exist, computed from the pod's start time and the kubelet's back-off, so nothing is stored.
 * Returns the time of the last failure, the number of failures, and the time of the next one (ms).
 */
export function failedPulls(
  pod: KubeObject,
  behaviour: Behaviour,
  now: number,
): { failedAt: number; failures: number; next: number } {
  const pull = behaviour.pullSeconds * 1000;
  let failedAt = parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp) + pull;
  for (let failures = 1; ; failures++) {
    const next = failedAt + backoff(failures) + pull;
    if (now < next) return { failedAt, failures, next };
    failedAt = next;
  }
}
