/** Bounds of runtimes/, each with its unit and what happens there. */

/** Longest delay that the simulate annotation may ask for, seconds; longer ones are cut to it. */
export const SIMULATED_DELAY_MAX_SECONDS = 86_400;
