import { isPodReady } from '../../../api/core/pod/conditions.ts';
import { parseTime } from '../../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../../lib/json.ts';
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

/** First and longest pause between pulls and between restarts, ms (kubelet MaxContainerBackOff and its base). */
export const BACKOFF_FIRST_MS = 10_000;
export const BACKOFF_MAX_MS = 300_000;
/** A container that ran this long starts its back-off anew, ms (kubelet: twice the longest back-off). */
const BACKOFF_RESET_MS = 600_000;
/** How long a failed pull is shown as ErrImagePull before it becomes ImagePullBackOff, at most, ms. */
const SHOWN_MAX_MS = 10_000;

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

/** The pause after a number of failures in a row. */
export function backoff(failures: number): number {
  return failures <= 0 ? 0 : Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 10), BACKOFF_MAX_MS);
}

/** The pause before the container starts again: none at first, then 10 s doubling to 300 s; derived from its restart count. */
export function crashDelay(pod: KubeObject): number {
  const first: Obj = pod.status?.containerStatuses?.[0] ?? {};
  const ended: Obj | undefined = first.state?.terminated ?? first.lastState?.terminated;
  const ran = ended ? parseTime(ended.finishedAt) - parseTime(ended.startedAt) : 0;
  return ran >= BACKOFF_RESET_MS ? 0 : backoff(first.restartCount ?? 0);
}

/**
 * When a failing pull is next tried, or 0 while a try is being shown: tries follow the pod's start at pauses of 10 s doubling to 300 s, and
 * each is shown for half of the pause after it (at most 10 s), so neither number nor time of a try need be stored.
 */
export function pullTry(pod: KubeObject, behaviour: Behaviour, now: number): { shownUntil: number; next: number } {
  const pull = behaviour.pullSeconds * 1000;
  let at = parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp) + pull;
  for (let failures = 1; ; failures++) {
    const pause = backoff(failures);
    const next = at + pause + pull;
    if (now < next) return { shownUntil: at + Math.min(pause / 2, SHOWN_MAX_MS), next };
    at = next;
  }
}
