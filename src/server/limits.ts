/** Bounds of server/, each with its unit and what happens there. */

/** The local server: requests of one tenant that may be under way at once, and of one who takes much while others are there. */
export const FAIR_MOST = 32;
export const FAIR_GREEDY = 1;
/** Of the thread's time, how much a tenant gets while others are there: so many ms saved up, and this share from then on. */
export const FAIR_SAVED_MS = 30;
export const FAIR_SHARE = 1 / 3;
/** More than so much is not owed, ms. */
export const FAIR_DEBT_MS = 30;
/**
 * What requests are taken to take of the thread, ms: a read, a write (with its sync of the disk, which stops the thread), and a KiB of an
 * answer. Measured on an idle machine and not while they go, for a request that stands in line because of others would seem to be long.
 */
export const FAIR_READ_MS = 0.2;
export const FAIR_WRITE_MS = 2;
export const FAIR_KIB_MS = 0.006;
/** The same of the management API, which asks its database, makes clusters and tells them. */
export const FAIR_MANAGE_READ_MS = 1;
export const FAIR_MANAGE_WRITE_MS = 10;
/** Requests to the management API of one bearer under way at once while clusters are in use. */
export const FAIR_MANAGING = 2;
/** How long after its last request a tenant counts as there, and how often it is looked who has gone, ms. */
export const FAIR_PRESENT_MS = 3_000;
export const FAIR_SWEEP_MS = 250;
