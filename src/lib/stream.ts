/** A message of a stream: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/**
 * State of a stream that survives its cluster's hibernation: plain JSON, small enough for a socket's attachment. Each type of stream adds
 * fields; longer state is in the store.
 */
export interface StreamSpec {
  /** Type of the stream, by which it is opened again after hibernation. */
  type: string;
  user: string;
  /** Credential that opened it (CREDENTIAL_ID): the stream ends with it. "" for one that cannot be revoked by itself. */
  credential: string;
  /** Expiry of the credential, ms since the epoch; absent: never. */
  expires?: number;
  /** A token of an OIDC issuer opened it: the stream ends with the trust in it. */
  issued?: boolean;
  timeoutSeconds: number;
  /** Name of the audit event to write when the stream ends. */
  audit?: string;
}

/** Port of a stream's messages: a socket (workerd) or an array (tests). */
export interface StreamPort {
  send(message: Message): void;
  /** Stores state that the session needs after hibernation. */
  save(spec: StreamSpec): void;
  /** Ends the stream. */
  close(): void;
}

/** An open stream. It sends through its port; restored from its spec, it continues where it was. */
export interface Session {
  readonly spec: StreamSpec;
  /** The stream has ended. */
  readonly closed: boolean;
  /** Sends the initial messages. */
  initial(now: number): void;
  /** Sends messages due since the last call; returns their number. */
  pump(now: number): number;
  /** Takes a message of the client; absent for streams that only send. */
  receive?(message: Message, now: number): void;
  /** Releases what the session holds: the client disconnected, or lost its right. */
  close?(): void;
}
