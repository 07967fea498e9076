/** Bounds of kubelet/, each with its unit and what happens there. */

/** How long a pod on a node without a free address waits before it asks again, ms. */
export const POD_ADDRESS_RETRY_MS = 10_000;
/** How long the containers of a pod take to stop, ms: so long, at least, a deleted pod is seen as terminating. */
export const CONTAINERS_STOP_MS = 150;
/** First and longest pause between pulls and between restarts, ms (kubelet MaxContainerBackOff and its base). */
export const BACKOFF_FIRST_MS = 10_000;
export const BACKOFF_MAX_MS = 300_000;
/** A container that ran this long starts its back-off anew, ms (kubelet: twice the longest back-off). */
export const BACKOFF_RESET_MS = 600_000;
/** How long a failed pull is shown as ErrImagePull before it becomes ImagePullBackOff, at most, ms. */
export const PULL_SHOWN_MAX_MS = 10_000;
/** Rounds of acting and observing in one look at a pod; what is still to be done then is done at the next look. */
export const SYNC_ROUNDS = 8;
/** Use is measured for windows of this length, ms (metrics-server's --metric-resolution), which end at multiples of it. */
export const METRICS_RESOLUTION_MS = 15_000;
/** A container that runs for a shorter time than this, ms, is not measured yet, nor is its pod. */
export const METRICS_YOUNGEST_MS = 10_000;
/** Shortest time that a container has to end in, seconds (kuberuntime minimumGracePeriodInSeconds). */
export const MINIMUM_GRACE_SECONDS = 2;
/** Failures of a probe that began longer ago are not told any more, ms: by then their event may have expired. */
export const UNHEALTHY_TOLD_MS = 1_800_000;
