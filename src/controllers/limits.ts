/** Bounds of controllers/, each with its unit and what happens there. */

/** How long a node must be missing before its pods are collected, ms (podgc quarantineTime). */
export const MISSING_NODE_QUARANTINE_MS = 40_000;
