/** What one message of a stream is: a text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/**
 * Everything that a stream must remember while its cluster sleeps: plain JSON, small enough for a socket's attachment. Each type of stream
 * adds fields of its own; what is longer lies in the store.
 */
export interface StreamSpec {
  /** Which type of stream it is: by it a stream is opened again after a sleep. */
  type: string;
  user: string;
  /** Which credential opened it (CREDENTIAL_ID): the stream ends with it. "" for one that cannot be revoked by itself. */
  credential: string;
  /** When the credential expires, ms since the epoch; absent: never. */
  expires?: number;
  timeoutSeconds: number;
  /** Name of what the audit log is told when the stream ends. */
  audit?: string;
}

/** Where a stream's messages go. The shell fills it with a socket (workerd) or an array (tests). */
export interface StreamPort {
  send(message: Message): void;
  /** Keeps what the session must remember over a hibernation. */
  save(spec: StreamSpec): void;
  /** No message follows. */
  close(): void;
}

/** One open stream. It speaks through the port that it was opened with; made again from its spec, it goes on where it was. */
export interface Session {
  readonly spec: StreamSpec;
  /** Nothing follows what was sent. */
  readonly closed: boolean;
  /** Sends what the client gets at once. */
  initial(now: number): void;
  /** Sends what came up since the last call; returns the number of messages. */
  pump(now: number): number;
  /** Takes a message of the client; absent for streams whose clients only listen. */
  receive?(message: Message, now: number): void;
  /** The client is gone, or may not go on: lets go of what the session holds. */
  close?(): void;
}
