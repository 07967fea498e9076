/** Bounds of server/, each with its unit and what happens there. */

/** Fair queue: seats (concurrent requests) of a flow, and of one in debt while others are active. */
export const FLOW_SEATS = 32;
export const FLOW_SEATS_IN_DEBT = 1;
/** Credit of thread time of a flow while others are active, ms, and the share at which it grows back. */
export const FLOW_CREDIT_MS = 30;
export const FLOW_SHARE = 1 / 3;
/** Maximum debt of a flow, ms. */
export const FLOW_DEBT_MS = 30;
/**
 * Estimated cost of requests in thread time, ms: a read, a write (with its sync of the disk, which blocks the thread), and a KiB of an
 * answer. Measured on an idle machine, not per request: one that waits behind others would seem expensive.
 */
export const COST_READ_MS = 0.2;
export const COST_WRITE_MS = 2;
export const COST_KIB_MS = 0.006;
/** The same for the management API, which queries its database, creates clusters and notifies them. */
export const COST_MANAGEMENT_READ_MS = 1;
export const COST_MANAGEMENT_WRITE_MS = 10;
/** Seats of one bearer at the management API while clusters are active. */
export const FLOW_MANAGEMENT_SEATS = 2;
/** Time after its last request for which a flow counts as active, and interval of the sweep, ms. */
export const FLOW_ACTIVE_MS = 3_000;
export const FLOW_SWEEP_MS = 250;

/**
 * Bytes of the head of a request; beyond it 431 (workerd's bound, less what the proxy adds). Of the head of an upstream answer; beyond it the
 * connection ends.
 */
export const REQUEST_HEAD_BYTES = 491_520;
export const ANSWER_HEAD_BYTES = 65_536;
/** Bytes of a line between the chunks of a body, and of all trailers behind it; beyond it the body is malformed. */
export const CHUNK_LINE_BYTES = 4096;
export const TRAILER_BYTES = 16_384;
/** Bytes of a request that are buffered until its answer begins, to be sent again when the upstream connection closes under it. */
export const RESEND_BYTES = 65_536;
/** Bytes of pipelined requests; beyond it reading pauses, and during a watch the connection ends. */
export const PIPELINED_BYTES = 65_536;
/** Bytes buffered for a slow client: a list fits, so that it passes without stops. */
export const AHEAD_BYTES = 1_048_576;
/** Bytes of an unread body that are discarded, so that the next request can follow; beyond it the connection ends with the answer. */
export const UNREAD_BYTES = 262_144;
/** Idle timeout of a client without a pending answer, ms; and of a half-closed one without progress. */
export const IDLE_MS = 180_000;
export const HALF_CLOSED_MS = 5000;
/** Time for which a closing connection is still read, ms: a reset would take the answer away from the client. */
export const LINGER_MS = 500;
/** Minimum bytes of compressed answers, and the zlib level. */
export const GZIP_BYTES = 131_072;
export const GZIP_LEVEL = 1;
/** Size at which a start rotates the server's log file, bytes. */
export const LOG_FILE_BYTES = 10_000_000;
/** Interval of health checks of the Worker, which also find overdue alarms, ms. */
export const ALARM_LOOK_MS = 5000;
/** Bytes of one read of an upstream answer, and buffers kept for the next reads. */
export const READ_BYTES = 128 * 1024;
export const FREE_BUFFERS = 64;
/** Bytes in which a request line is looked for before the head is complete. */
export const FIRST_LINE_BYTES = 4096;
/** Maximum duration of a stopping server's drain, and the interval at which its end is looked for, ms. */
export const DRAIN_MS = 10_000;
export const DRAIN_LOOK_MS = 10;
/** Characters of workerd's last output in the report of its end. */
export const LAST_OUTPUT_CHARACTERS = 2000;
/** Bytes of a client's certificate (DER); a longer one is not handed on: the request is answered with 401. */
export const CERTIFICATE_BYTES = 8 * 1024;
