import { isPodReady } from '../../api/core/pod/conditions.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { backoff } from '../../kubelet/backoff.ts';
import type { Behaviour } from './behaviour.ts';

/** Where a pod is in its life, read off its status alone: nothing is remembered elsewhere. */
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

/** All containers of a simulated pod move together; the first speaks for them. */
export function stateOf(pod: KubeObject): PodState {
  const status: Obj = pod.status ?? {};
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return 'finished';
  const first: Obj | undefined = status.containerStatuses?.[0];
  if (!first) return 'bound';
  if (first.state?.running) return isPodReady({ status }) ? 'ready' : 'started';
  if (first.state?.terminated) return 'exited';
  return WAITING[first.state?.waiting?.reason] ?? 'bound';
}

/** When the pod came into the state, ms. */
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
 * The pulls of an image that cannot be pulled: they follow the pod's start at the kubelet's pauses, so neither number nor time of one need
 * be stored. Returns when the last one failed, how many have, and when the next one will.
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
