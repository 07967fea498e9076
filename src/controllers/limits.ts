/** Bounds of controllers/, each with its unit and what happens there. */

/** How long a node must be missing before its pods are collected, ms (podgc quarantineTime). */
export const MISSING_NODE_QUARANTINE_MS = 40_000;
/** How long a ServiceCIDR that may go is kept, ms (servicecidrs deletionGracePeriod). */
export const SERVICE_CIDR_DELETION_MS = 10_000;
