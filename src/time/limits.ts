/** Bounds of time/, each with its unit and what happens there. */

/** An alarm that is so long overdue was lost, ms: whoever notices does what was due, and sets another. */
export const ALARM_LOST_MS = 3000;
