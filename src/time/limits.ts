/** Bounds of time/, each with its unit and what happens there. */

/** Delay after which an overdue alarm counts as lost, ms: the next turn does its work and sets another. */
export const ALARM_LOST_MS = 3000;
/** The longest advance of a virtual clock, ms; a longer one is refused. */
export const CLOCK_ADVANCE_MS = 366 * 86_400_000;
/** The highest speed of a virtual clock, seconds per second; a higher one is refused. */
export const CLOCK_SPEED = 86_400;
