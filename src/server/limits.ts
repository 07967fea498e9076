/** Bounds of server/, each with its unit and what happens there. */

/** The local server: requests of one tenant that may be under way at once, and of one who takes much while others are there. */
export const FLOW_SEATS = 32;
export const FLOW_SEATS_IN_DEBT = 1;
/** Of the thread's time, how much a tenant gets while others are there: so many ms saved up, and this share from then on. */
export const FLOW_CREDIT_MS = 30;
export const FLOW_SHARE = 1 / 3;
/** More than so much is not owed, ms. */
export const FLOW_DEBT_MS = 30;
/**
 * What requests are taken to take of the thread, ms: a read, a write (with its sync of the disk, which stops the thread), and a KiB of an
 * answer. Measured on an idle machine and not while they go, for a request that stands in line because of others would seem to be long.
 */
export const COST_READ_MS = 0.2;
export const COST_WRITE_MS = 2;
export const COST_KIB_MS = 0.006;
/** The same of the management API, which asks its database, makes clusters and tells them. */
export const COST_MANAGEMENT_READ_MS = 1;
export const COST_MANAGEMENT_WRITE_MS = 10;
/** Requests to the management API of one bearer under way at once while clusters are in use. */
export const FLOW_MANAGEMENT_SEATS = 2;
/** How long after its last request a tenant counts as there, and how often it is looked who has gone, ms. */
export const FLOW_ACTIVE_MS = 3_000;
export const FLOW_SWEEP_MS = 250;

/** The local server: bytes of the head of a request; beyond it 431. Of the head of an answer from behind; beyond it the connection ends. */
export const REQUEST_HEAD_BYTES = 262_144;
export const ANSWER_HEAD_BYTES = 65_536;
/** Bytes of a line between the chunks of a body, and of all trailers behind it; beyond it the body is malformed. */
export const CHUNK_LINE_BYTES = 4096;
export const TRAILER_BYTES = 16_384;
/** Bytes of a request that are kept until its answer begins, to be sent again when the connection behind was closed under it. */
export const RESEND_BYTES = 65_536;
/** Bytes of later requests that a client may send before it is answered; beyond it nothing more is read, and during a watch the connection ends. */
export const PIPELINED_BYTES = 65_536;
/** Bytes that an answer may be ahead of a client that reads slowly: a list fits, so that it passes without stops. */
export const AHEAD_BYTES = 1_048_576;
/** Bytes of a body that nobody read which are read on, so that the next request can follow; beyond it the connection ends with the answer. */
export const UNREAD_BYTES = 262_144;
/** A client that has said nothing for so long, and is owed nothing, is let go; so is one that sends no more and gets nothing, ms. */
export const IDLE_MS = 180_000;
export const HALF_CLOSED_MS = 5000;
/** How long a client that is told that the connection ends may go on sending, ms: a reset would take the answer away from it. */
export const LINGER_MS = 500;
/** Answers longer than so many bytes are compressed for clients that ask for it, at this level of zlib's. */
export const GZIP_BYTES = 131_072;
export const GZIP_LEVEL = 1;
/** The log that the server keeps in a file while a person watches it, bytes: a start with a longer one begins another. */
export const LOG_FILE_BYTES = 10_000_000;
/** How often the server asks the Worker whether it lives, which makes it look for overdue alarms too, ms. */
export const ALARM_LOOK_MS = 5000;
