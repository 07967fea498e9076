/** A request on the wire. */
export interface Outgoing {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** Whether it is idempotent. */
  repeatable: boolean;
}

export interface Incoming {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** Sends a request and resolves with its answer, whatever its status; rejects when none came. */
export type Transport = (request: Outgoing) => Promise<Incoming>;
