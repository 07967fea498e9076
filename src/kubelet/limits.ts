/** Bounds of kubelet/, each with its unit and what happens there. */

/** How long a pod on a node without a free address waits before it asks again, ms. */
export const POD_ADDRESS_RETRY_MS = 10_000;
/** How long the containers of a pod take to stop, ms: so long, at least, a deleted pod is seen as terminating. */
export const CONTAINERS_STOP_MS = 150;
/** Longest delay that the simulate annotation may ask for, seconds; longer ones are cut to it. */
export const SIMULATED_DELAY_MAX_SECONDS = 86_400;
