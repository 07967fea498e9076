/** Bounds of worker/, each with its unit and what happens there. */

/** Bytes of a too large body that are read and thrown away, so that the client comes to read the refusal; beyond it is cut off. */
export const REQUEST_DISCARD_BYTES = 16 * 1024 * 1024;
/** For how long, ms. */
export const REQUEST_DISCARD_MS = 500;
/** Clients of another cluster were in the same isolate less than so long ago: draining then goes in slices so short, ms. */
export const CONTENTION_MS = 3000;
export const CONTENDED_SLICE_MS = 1;
/** How often as long as a slice took it then rests, and at most, ms. */
export const CONTENDED_PAUSE_FACTOR = 3;
export const CONTENDED_PAUSE_MS = 200;
/** Objects that one plan of a controller then writes at most; alone it is hundreds. */
export const CONTENDED_PLAN_OBJECTS = 2;
/** How long the usage of many clusters is gathered to be reported together, ms. */
export const USAGE_GATHER_MS = 1000;
/** How often a request makes the Worker look for clusters of its isolate whose alarm is overdue, ms, and how many it wakes at once. */
export const OVERDUE_LOOK_MS = 3000;
export const OVERDUE_CLUSTERS = 100;

/** Answers longer than so many bytes are compressed for clients that ask for it (deployed; on one machine the front does it). */
export const GZIP_BYTES = 131_072;
