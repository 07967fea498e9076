import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, BACKOFF_RESET_MS, PULL_SHOWN_MAX_MS } from './limits.ts';

/** Returns the pause after a number of failures in a row, ms (kubelet MaxContainerBackOff and its base). */
export function backoff(failures: number): number {
  return failures <= 0 ? 0 : Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 10), BACKOFF_MAX_MS);
}

/** Returns the pause before a container that ran from `startedAt` to `finishedAt` starts again: none at first, then 10 s doubling to 300 s. */
export function restartDelay(restartCount: number, startedAt: number, finishedAt: number): number {
  return finishedAt - startedAt >= BACKOFF_RESET_MS ? 0 : backoff(restartCount);
}

/** Returns until when a failed pull is shown as ErrImagePull, before it becomes ImagePullBackOff, and when the next one may begin. */
export function pullPause(failedAt: number, failures: number): { shownUntil: number; retryAt: number } {
  const pause = backoff(failures);
  return { shownUntil: failedAt + Math.min(pause / 2, PULL_SHOWN_MAX_MS), retryAt: failedAt + pause };
}
