import { CLOSE_FRAME, FrameReader } from './frames.ts';
import { connectionLine } from './http-answer.ts';
import { chunkOf, LAST_CHUNK } from './http-body.ts';
import type { RequestHead } from './http-request.ts';
import { ANSWER_HEAD_BYTES } from './limits.ts';

const MS = 1000;
const CRLF = '\r\n';
const HEAD_END = '\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 ';

/** Path of a cluster's watch; the Worker decides (address.worker.ts). */
const WATCH = /^\/clusters\/[^?]*\?(?:.*&)?watch=(?:1|t|T|true|TRUE|True)(?:&|$)/;
/**
 * Headers that ask the Worker for the object's WebSocket (watch.worker.ts); the proxy's secret follows, without which clients get none. The
 * key is RFC 6455's example: both ends are ours.
 */
const ASK = `Sec-WebSocket-Version: 13${CRLF}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==${CRLF}`;
const TIMEOUT = /\r\nx-atoll-timeout-seconds: *(\d+)/i;
/** Header lines of an answer about the upstream connection. */
const HOP = /^(?:connection|upgrade|sec-websocket-[a-z]+|x-atoll-timeout-seconds|content-length|transfer-encoding):/i;

/** Whether the request to this path can become one for the WebSocket of a watch. */
export const isWatch = ({ method, upgrade, framing }: RequestHead, address: string): boolean =>
  method === 'GET' && upgrade === undefined && framing === 0 && WATCH.test(address);

/** The request for that WebSocket. */
export const askForSocket = (request: RequestHead, secret: string): RequestHead => ({
  ...request,
  upgrade: 'websocket',
  lines: `${request.lines}${ASK}X-Atoll-Watch: ${secret}${CRLF}`,
});

/** The last event and its chunk: most events go to many watches in a row. */
let lastPiece: Buffer = Buffer.alloc(0);
let lastChunk: Buffer = lastPiece;

/** Pieces of a body as one chunk, shared and read-only. */
function chunked(pieces: Buffer[]): Buffer {
  const isOne = pieces.length === 1;
  if (isOne && lastPiece.length > 0 && pieces[0].equals(lastPiece)) return lastChunk;
  const chunk = chunkOf(pieces);
  if (isOne) {
    lastChunk = chunk;
    lastPiece = chunk.subarray(chunk.length - CRLF.length - pieces[0].length, chunk.length - CRLF.length);
  }
  return chunk;
}

/** Ports of a watch: client, upstream and end. */
export interface Sides {
  toClient(bytes: Buffer): void;
  toServer(bytes: Buffer): void;
  /** The answer is complete. */
  ended(): void;
  /** Header line of now. */
  date(): string;
  /** It is no watch: these are the first bytes of an ordinary answer. */
  refused(bytes: Buffer): void;
}

/**
 * Bridges a watch's WebSocket from the cluster's object to a plain HTTP answer: workerd passes it without JavaScript, where a message costs
 * several times what it costs here. Its data become the answer's body: chunks, or for HTTP/1.0 plain bytes up to the end of the connection.
 */
export class WatchBridge {
  readonly #sides: Sides;
  readonly #client: Pick<RequestHead, 'isOld' | 'closes'>;
  readonly #frames: FrameReader;
  /** Received part of the answer's head; undefined once complete. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  /** Ends as soon as its answer has begun. */
  #ending = false;
  #ended = false;

  constructor(client: Pick<RequestHead, 'isOld' | 'closes'>, sides: Sides) {
    this.#client = client;
    this.#sides = sides;
    this.#frames = new FrameReader((frame) => sides.toServer(frame));
  }

  /** Takes upstream bytes. */
  read(piece: Buffer): void {
    const bytes = this.#head ? this.#begin(Buffer.concat([this.#head, piece])) : piece;
    if (!bytes) return;
    const data = this.#frames.read(bytes);
    if (data.length > 0) this.#sides.toClient(this.#client.isOld ? Buffer.concat(data) : chunked(data));
    if (this.#frames.closed || this.#ending) this.#end();
  }

  /** Turns the answer's head into that of a stream; returns the bytes after it. */
  #begin(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END);
    const switching = bytes.toString('latin1', 0, SWITCHING.length);
    if (!switching.startsWith(SWITCHING.slice(0, bytes.length)) || (end < 0 && bytes.length > ANSWER_HEAD_BYTES)) {
      this.#sides.refused(bytes);
      return undefined;
    }
    if (end < 0) {
      this.#head = bytes;
      return undefined;
    }
    this.#head = undefined;
    const head = bytes.toString('latin1', 0, end);
    const lines = head.split(CRLF).filter((line, i) => i > 0 && !HOP.test(line));
    const { isOld, closes } = this.#client;
    const sent = [`HTTP/1.${isOld ? 0 : 1} 200 OK`, ...lines, ...(isOld ? [] : ['Transfer-Encoding: chunked'])].join(CRLF);
    this.#sides.toClient(
      Buffer.from(`${sent}${this.#sides.date()}${connectionLine(isOld, isOld || closes)}${HEAD_END}`, 'latin1'),
    );
    const seconds = Number(TIMEOUT.exec(head)?.[1] ?? 0);
    if (seconds > 0) this.#timer = setTimeout(() => this.#end(), seconds * MS);
    return bytes.subarray(end + HEAD_END.length);
  }

  #end(): void {
    this.#ended = true;
    this.stop();
    if (!this.#client.isOld) this.#sides.toClient(LAST_CHUNK);
    this.#sides.ended();
  }

  /** Ends the watch like a timeout; if its answer has not begun, once it has. */
  end(): void {
    if (this.#head) this.#ending = true;
    else if (!this.#ended) this.#end();
  }

  /** Closes the object's socket. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sides.toServer(CLOSE_FRAME);
  }
}
