import { CLOSE_FRAME, FrameReader } from './frames.ts';
import { connectionLine } from './http-answer.ts';
import { chunkOf, LAST_CHUNK } from './http-body.ts';
import type { RequestHead } from './http-request.ts';
import { ANSWER_HEAD_BYTES } from './limits.ts';

const MS = 1000;
const CRLF = '\r\n';
const HEAD_END = '\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 ';

/** A cluster's watch, by its address; the Worker knows better (address.worker.ts), and its answer is the one that counts. */
const WATCH = /^\/clusters\/[^?]*\?(?:.*&)?watch=(?:1|t|T|true|TRUE|True)(?:&|$)/;
/**
 * Asks the Worker for the socket of the cluster's object (watch.worker.ts); the front's secret follows, without which a client asks in vain.
 * The key is RFC 6455's example: both ends are ours.
 */
const ASK = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
const TIMEOUT = /\r\nx-atoll-timeout-seconds: *(\d+)/i;
/** Lines of an answer that are about the connection behind us. */
const HOP = /^(?:connection|upgrade|sec-websocket-[a-z]+|x-atoll-timeout-seconds|content-length|transfer-encoding):/i;

/** Whether the request, at this address, can be turned into one for the WebSocket behind a watch. */
export const isWatch = ({ method, upgrade, framing }: RequestHead, address: string): boolean =>
  method === 'GET' && upgrade === undefined && framing === 0 && WATCH.test(address);

/** The request for that WebSocket. */
export const askForSocket = (request: RequestHead, secret: string): RequestHead => ({
  ...request,
  upgrade: 'websocket',
  lines: [...request.lines, ...ASK, `X-Atoll-Watch: ${secret}`],
});

/** The last event, and the chunk that it became: most events go to many watches, one after another. */
let lastPiece: Buffer = Buffer.alloc(0);
let lastChunk: Buffer = lastPiece;

/** Pieces of a body as one chunk of it, which is not to be changed: others may have it too. */
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

/** The two sides of a watch, and how it ends. */
export interface Sides {
  toClient(bytes: Buffer): void;
  toServer(bytes: Buffer): void;
  /** The client has its whole answer. */
  ended(): void;
  /** It became no watch: these are the first bytes of an ordinary answer, and the rest follows. */
  refused(bytes: Buffer): void;
}

/**
 * A watch whose WebSocket comes from the cluster's object through workerd to here without passing JavaScript there, where a message costs
 * several times what it costs here. Its data become the body of the plain HTTP answer that the client asked for: chunks of it, or for
 * HTTP/1.0 plain bytes up to the end of the connection.
 */
export class WatchBridge {
  readonly #sides: Sides;
  readonly #client: Pick<RequestHead, 'isOld' | 'closes'>;
  readonly #frames: FrameReader;
  /** What has come of the answer's head; undefined once that is whole. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  /** It is to end as soon as its answer has begun. */
  #ending = false;
  #ended = false;

  constructor(client: Pick<RequestHead, 'isOld' | 'closes'>, sides: Sides) {
    this.#client = client;
    this.#sides = sides;
    this.#frames = new FrameReader((frame) => sides.toServer(frame));
  }

  /** Bytes from the server. */
  read(piece: Buffer): void {
    const bytes = this.#head ? this.#begin(Buffer.concat([this.#head, piece])) : piece;
    if (!bytes) return;
    const data = this.#frames.read(bytes);
    if (data.length > 0) this.#sides.toClient(this.#client.isOld ? Buffer.concat(data) : chunked(data));
    if (this.#frames.closed || this.#ending) this.#end();
  }

  /** The answer's head becomes that of a stream; returns what follows it. */
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
    const told = [`HTTP/1.${isOld ? 0 : 1} 200 OK`, ...lines, ...(isOld ? [] : ['Transfer-Encoding: chunked'])].join(CRLF);
    this.#sides.toClient(Buffer.from(`${told}${connectionLine(isOld, isOld || closes)}${HEAD_END}`, 'latin1'));
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

  /** Ends it as if its time were over; one whose answer has not begun yet, once it has. */
  end(): void {
    if (this.#head) this.#ending = true;
    else if (!this.#ended) this.#end();
  }

  /** Lets go of the object's socket. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sides.toServer(CLOSE_FRAME);
  }
}
