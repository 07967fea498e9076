/** Bounds of authz/, each with its unit and what happens there. */

/** Namespaces whose role bindings are kept indexed by subject; the oldest are dropped first and indexed again when asked for. */
export const RBAC_NAMESPACES = 1024;
