/** Bounds of controllers/, each with its unit and what happens there. */

/** How long a node must be missing before its pods are collected, ms (podgc quarantineTime). */
export const MISSING_NODE_QUARANTINE_MS = 40_000;
/** How long a ServiceCIDR that may go is kept, ms (servicecidrs deletionGracePeriod). */
export const SERVICE_CIDR_DELETION_MS = 10_000;
/** How soon after the last try a volume is cleaned again, ms (persistentvolume controller's resync). */
export const RECYCLE_RETRY_MS = 15_000;
/** How long after a pod came or was placed a claim says which pods it waits for, ms (persistentvolume controller's resync). */
export const CONSUMER_NOTICE_MS = 15_000;
/** How long after a change an Event about what it led to is still written, ms: less than Events are kept. */
export const SAY_WITHIN_MS = 1_800_000;
