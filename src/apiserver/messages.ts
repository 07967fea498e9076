import type { Session, StreamPort, StreamSpec } from '../lib/stream.ts';

/** A request as the shell hands it in; `url` is path and query, without the prefix of the cluster. */
export interface ApiRequest {
  method: string;
  url: string;
  /** By lower-case name. */
  header(name: string): string | null;
  /** All names, in lower case; a shell that cannot tell has no impersonated extra fields. */
  headerNames?(): Iterable<string>;
  /** Text; of protobuf one character is a byte. */
  body: string;
  /** The body could not be read to its end. */
  broken?: boolean;
  /** ms since the epoch. */
  now: number;
  /** Address from which the request came, where the shell knows it. */
  remote?: string;
  /** The client's certificate, DER in base64, where the shell saw one: the client has its key, and nothing else is known of it. */
  certificate?: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Empty when there are bytes. */
  body: string;
  /** The body as UTF-8, where it was never a string. */
  bytes?: Uint8Array<ArrayBuffer>;
}

/** A streamed answer: the shell opens it with a port. Nothing is sent before. */
export interface StreamAnswer {
  status: number;
  headers: Record<string, string>;
  /** Plain JSON: it survives a sleep as the attachment of a socket. */
  spec: StreamSpec;
  open(port: StreamPort): Session;
}

export type ApiResponse = Answer | StreamAnswer;

export const isStream = (answer: ApiResponse): answer is StreamAnswer => 'open' in answer;
