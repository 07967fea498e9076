/** Bounds of authz/, each with its unit and what happens there. */

/** Namespaces whose role bindings are kept indexed by subject; the oldest go first and are indexed again when somebody asks. */
export const RBAC_NAMESPACES = 1024;
