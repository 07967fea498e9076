/** Bounds of runtimes/, each with its unit and what happens there. */

/** Maximum delay in the simulate annotation, seconds; a longer one is reduced to it. */
export const SIMULATED_DELAY_MAX_SECONDS = 86_400;
/** Most steps of one course of use that the simulate and load annotations may have; further ones are ignored. */
export const SIMULATED_STEPS_MAX = 100;
