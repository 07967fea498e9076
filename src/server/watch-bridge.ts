import { CLOSE_FRAME, FrameReader } from './frames.ts';

const MS = 1000;
/** Bytes of the head of a request or an answer. */
const HEAD_BYTES = 64 * 1024;
const CRLF = '\r\n';
const HEAD_END = '\r\n\r\n';
const GET = Buffer.from('GET ');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const SWITCHING = 'HTTP/1.1 101 ';

/** A cluster's watch, by its address; the Worker knows better (address.worker.ts), and its answer is the one that counts. */
const WATCH = /^GET \/clusters\/[^ ?]*\?(?:[^ ]*&)?watch=(?:1|t|T|true|TRUE|True)(?:&[^ ]*)? HTTP\/1\.1\r\n/;
/** What makes a request none of ours to change. */
const SPECIAL = /\r\n(?:connection:(?! *keep-alive\r\n)|upgrade:|content-length:|transfer-encoding:|expect:)/i;
const CONNECTION = /\r\nconnection:[^\r]*/i;
/**
 * Asks the Worker for the socket of the cluster's object (watch.worker.ts); the front's secret follows, without which a client asks in vain.
 * The key is RFC 6455's example: both ends are ours.
 */
const ASK = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'X-Atoll-Watch: ',
].join(CRLF);
const TIMEOUT = /\r\nx-atoll-timeout-seconds: *(\d+)/i;
/** Lines of an answer that are about the connection behind us. */
const HOP = /^(?:connection|upgrade|sec-websocket-[a-z]+|x-atoll-timeout-seconds|content-length|transfer-encoding):/i;

/** The request for a watch, turned into one for the WebSocket behind it; undefined: it is something else and passes as it is. */
export function askForSocket(chunk: Buffer, secret: string): Buffer | undefined {
  if (chunk.length > HEAD_BYTES || !chunk.subarray(0, GET.length).equals(GET) || !chunk.includes('watch=')) return undefined;
  const head = chunk.toString('latin1');
  if (head.indexOf(HEAD_END) !== head.length - HEAD_END.length || !WATCH.test(head) || SPECIAL.test(head)) return undefined;
  return Buffer.from(`${head.slice(0, -CRLF.length).replace(CONNECTION, '')}${ASK}${secret}${HEAD_END}`, 'latin1');
}

/** The last event, and the chunk that it became: most events go to many watches, one after another. */
let lastPiece: Buffer = Buffer.alloc(0);
let lastChunk: Buffer = lastPiece;

/** Pieces of a body as one chunk of it, which is not to be changed: others may have it too. */
function chunked(pieces: Buffer[]): Buffer {
  const isOne = pieces.length === 1;
  if (isOne && lastPiece.length > 0 && pieces[0].equals(lastPiece)) return lastChunk;
  const chunk = joined(pieces);
  if (isOne) {
    lastChunk = chunk;
    lastPiece = chunk.subarray(chunk.length - CRLF.length - pieces[0].length, chunk.length - CRLF.length);
  }
  return chunk;
}

function joined(pieces: Buffer[]): Buffer {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const line = `${size.toString(16)}${CRLF}`;
  const out = Buffer.allocUnsafe(line.length + size + CRLF.length);
  let at = out.write(line, 'latin1');
  for (const piece of pieces) at += piece.copy(out, at);
  out.write(CRLF, at, 'latin1');
  return out;
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
 * several times what it costs here. Its data become chunks of the plain HTTP answer that the client asked for.
 */
export class Watching {
  readonly #sides: Sides;
  readonly #frames: FrameReader;
  /** What has come of the answer's head; undefined once that is whole. */
  #head: Buffer | undefined = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(sides: Sides) {
    this.#sides = sides;
    this.#frames = new FrameReader((frame) => sides.toServer(frame));
  }

  /** Bytes from the server. */
  read(piece: Buffer): void {
    const bytes = this.#head ? this.#begin(Buffer.concat([this.#head, piece])) : piece;
    if (!bytes) return;
    const data = this.#frames.read(bytes);
    if (data.length > 0) this.#sides.toClient(chunked(data));
    if (this.#frames.closed) this.#end();
  }

  /** The answer's head becomes that of a stream; returns what follows it. */
  #begin(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf(HEAD_END);
    const switching = bytes.toString('latin1', 0, SWITCHING.length);
    if (!switching.startsWith(SWITCHING.slice(0, bytes.length)) || (end < 0 && bytes.length > HEAD_BYTES)) {
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
    const told = ['HTTP/1.1 200 OK', ...lines, 'Transfer-Encoding: chunked'].join(CRLF);
    this.#sides.toClient(Buffer.from(`${told}${HEAD_END}`, 'latin1'));
    const seconds = Number(TIMEOUT.exec(head)?.[1] ?? 0);
    if (seconds > 0) this.#timer = setTimeout(() => this.#end(), seconds * MS);
    return bytes.subarray(end + HEAD_END.length);
  }

  #end(): void {
    this.stop();
    this.#sides.toClient(LAST_CHUNK);
    this.#sides.ended();
  }

  /** Ends it as if its time were over; one whose answer has not begun yet goes on. */
  end(): void {
    if (!this.#head) this.#end();
  }

  /** Lets go of the object's socket. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sides.toServer(CLOSE_FRAME);
  }
}
