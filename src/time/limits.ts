/** Bounds of time/, each with its unit and what happens there. */

/** An alarm overdue for so long was lost, ms: the next turn does its work and sets another. */
export const ALARM_LOST_MS = 3000;
