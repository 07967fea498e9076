/** Bounds of time/, each with its unit and what happens there. */

/** Delay after which an overdue alarm counts as lost, ms: the next turn does its work and sets another. */
export const ALARM_LOST_MS = 3000;
