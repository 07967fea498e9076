/** Bounds of runtimes/, each with its unit and what happens there. */

/** Maximum delay in the simulate annotation, seconds; a longer one is reduced to it. */
export const SIMULATED_DELAY_MAX_SECONDS = 86_400;
