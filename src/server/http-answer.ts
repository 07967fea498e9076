import { createGzip, type Gzip } from 'node:zlib';
import { ChunkReader, chunkOf, LAST_CHUNK } from './http-body.ts';
import type { Reply, RequestHead } from './http-request.ts';
import { withInserted } from './read-buffers.ts';
import { ANSWER_HEAD_BYTES, GZIP_BYTES, GZIP_LEVEL } from './limits.ts';

const EMPTY = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
const STATUS = /^HTTP\/1\.\d (\d{3})/;
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const ENCODED = /\r\ncontent-encoding:/i;
const CONNECTION = /\r\nconnection: *([^\r]*)/i;
const DATE = /\r\ndate:/i;
/** Whether a head has any of them: one look instead of several, for nearly none has. */
const UNUSUAL = /\r\n(?:transfer-encoding|connection|date):/i;
/** Header lines about the upstream connection, or the body's framing. */
const CONNECTION_LINES = /\r\n(?:connection|keep-alive):[^\r]*/gi;
const CHUNKED_LINE = /\r\ntransfer-encoding:[^\r]*/i;
const LENGTH_LINE = /\r\ncontent-length:[^\r]*/i;

const SWITCHING = 101;
const OK = 200;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;
const TOO_LARGE = 413;

/** Connection header for the client (net/http's chunkWriter.writeHeader); '' where the default applies. */
export function connectionLine(isOld: boolean, closes: boolean): string {
  if (isOld) return closes ? '' : '\r\nConnection: keep-alive';
  return closes ? '\r\nConnection: close' : '';
}

/**
 * An answer of the proxy itself. To HEAD the body is announced and omitted; one that closes the connection ends with it, and has no date
 * (what net/http writes before there is a request).
 */
export function replyTo(
  { status, text, closes }: Reply,
  { isOld, isHead }: { isOld: boolean; isHead: boolean },
  date: string,
): Buffer {
  const length = closes && text !== '' ? '' : `${date}\r\nContent-Length: ${text.length}`;
  const type = text === '' ? '' : '\r\nContent-Type: text/plain; charset=utf-8';
  const line = connectionLine(isOld, closes ?? false);
  return Buffer.from(`HTTP/1.${isOld ? 0 : 1} ${status}${type}${length}${line}\r\n\r\n${isHead ? '' : text}`, 'latin1');
}

/** Effects of an answer. */
export interface AnswerEvents {
  /** `written` is called when the bytes can be reused. */
  toClient(bytes: Buffer, written?: () => void): void;
  /** The client was sent 100 (Continue). */
  continues(): void;
  /** Pauses or resumes reading from upstream. */
  waits(): void;
  goesOn(): void;
  /** Whether the request's body will end soon, so that the connection can stay. */
  canStay(): boolean;
  /** The final answer begins. */
  begins(): void;
  /** The connection was upgraded; the rest is passed through. */
  switches(): void;
  /** The answer is complete. `closes`: the client's connection closes; `inner`: the upstream one closes. */
  ends(closes: boolean, inner: boolean): void;
  /** The upstream answer is malformed. */
  fails(): void;
}

/**
 * Forwards the upstream answer to one request in the client's protocol version, with its date. Bodies pass without a copy, except those
 * that HTTP/1.0 cannot read and those that are compressed.
 */
export class Answer {
  readonly #request: RequestHead;
  readonly #events: AnswerEvents;
  /** Header line of now. */
  readonly #date: () => string;
  /** Received part of the head; undefined once complete. */
  #head: Buffer | undefined = EMPTY;
  /** Remaining bytes of the body, if known. */
  #left = 0;
  #chunks: ChunkReader | undefined;
  /** Decodes the body's chunks for an HTTP/1.0 client. */
  #plain = false;
  #gzip: Gzip | undefined;
  #closes = false;
  #innerCloses = false;

  constructor(request: RequestHead, events: AnswerEvents, date: () => string) {
    this.#request = request;
    this.#events = events;
    this.#date = date;
  }

  /** Takes upstream bytes; `release` frees their memory. */
  read(bytes: Buffer, release: () => void): void {
    if (this.#head === undefined) {
      this.#body(bytes, 0, release);
      return;
    }
    const all = this.#head.length > 0 ? Buffer.concat([this.#head, bytes]) : bytes;
    const end = all.indexOf(HEAD_END);
    if (end < 0) {
      this.#head = Buffer.from(all);
      release();
      if (all.length > ANSWER_HEAD_BYTES) this.#events.fails();
      return;
    }
    const text = all.toString('latin1', 0, end);
    const status = Number(STATUS.exec(text)?.[1] ?? 0);
    const after = end + HEAD_END.length;
    if (status === 0) {
      release();
      this.#events.fails();
    } else if (status < OK && status !== SWITCHING) this.#interim(all.subarray(after), release);
    else this.#begin(text, status, all, after, release);
  }

  #interim(rest: Buffer, release: () => void): void {
    this.#head = EMPTY;
    if (this.#request.expects) {
      this.#events.toClient(CONTINUE);
      this.#events.continues();
    }
    if (rest.length > 0) this.read(rest, release);
    else release();
  }

  #begin(text: string, status: number, all: Buffer, after: number, release: () => void): void {
    this.#head = undefined;
    this.#events.begins();
    if (status === SWITCHING) {
      this.#events.switches();
      this.#events.toClient(all, release);
      return;
    }
    const request = this.#request;
    const length = LENGTH.exec(text)?.[1];
    const isUsual = !UNUSUAL.test(text);
    const isChunked = !isUsual && CHUNKED.test(text);
    const hasBody = request.method !== 'HEAD' && status !== NO_CONTENT && status !== NOT_MODIFIED;
    if (!hasBody) this.#left = 0;
    else if (isChunked) this.#chunks = new ChunkReader();
    else this.#left = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
    const connection = isUsual ? undefined : CONNECTION.exec(text)?.[1];
    this.#innerCloses = connection?.toLowerCase() === 'close' || this.#left === Number.POSITIVE_INFINITY;
    const endsWithConnection = hasBody && (this.#left === Number.POSITIVE_INFINITY || (isChunked && request.isOld));
    this.#closes = request.closes || status === TOO_LARGE || endsWithConnection || !this.#events.canStay();
    this.#plain = isChunked && request.isOld;
    const isLarge = this.#left > GZIP_BYTES && this.#left < Number.POSITIVE_INFINITY;
    if (request.acceptsGzip && !request.isOld && isLarge && !ENCODED.test(text)) this.#compress();
    const isDated = !isUsual && DATE.test(text);
    const date = isDated ? '' : this.#date();
    const sentHead = this.#headFor(text, connection !== undefined);
    if (sentHead === undefined) {
      const dated = withInserted(all, text.indexOf('\r\n'), date);
      this.#body(dated, after + date.length, release);
      return;
    }
    this.#events.toClient(Buffer.from(`${sentHead}${date}\r\n\r\n`, 'latin1'));
    this.#body(all.subarray(after), 0, release);
  }

  /** The head for the client, without its date and end; undefined: unchanged. */
  #headFor(text: string, saysConnection: boolean): string | undefined {
    const { isOld } = this.#request;
    const line = connectionLine(isOld, this.#closes);
    if (!isOld && line === '' && !this.#gzip && !saysConnection) return undefined;
    let sentHead = text.replace(CONNECTION_LINES, '');
    if (isOld) sentHead = sentHead.replace('HTTP/1.1', 'HTTP/1.0').replace(CHUNKED_LINE, '');
    if (this.#gzip)
      sentHead = `${sentHead.replace(LENGTH_LINE, '')}\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nTransfer-Encoding: chunked`;
    return sentHead + line;
  }

  /** Compresses as the API server does (responsewriters/writers.go): lightly; on another thread. */
  #compress(): void {
    const gzip = createGzip({ level: GZIP_LEVEL });
    this.#gzip = gzip;
    gzip.on('data', (data: Buffer) => this.#events.toClient(chunkOf([data])));
    gzip.on('end', () => {
      this.#events.toClient(LAST_CHUNK);
      this.#end();
    });
  }

  /** Bytes of the body after the head. */
  #body(bytes: Buffer, head: number, release: () => void): void {
    if (this.#chunks) {
      this.#chunked(this.#chunks, bytes, head, release);
      return;
    }
    const size = Math.min(this.#left, bytes.length - head);
    this.#left -= size;
    if (this.#gzip) {
      this.#feed(this.#gzip, bytes.subarray(head, head + size), release);
      return;
    }
    if (head + size > 0) this.#events.toClient(bytes.subarray(0, head + size), release);
    else release();
    if (this.#left === 0) this.#end();
  }

  #feed(gzip: Gzip, data: Buffer, release: () => void): void {
    const goesOn = gzip.write(data, release);
    if (this.#left === 0) gzip.end();
    else if (!goesOn) {
      this.#events.waits();
      gzip.once('drain', () => this.#events.goesOn());
    }
  }

  #chunked(chunks: ChunkReader, bytes: Buffer, head: number, release: () => void): void {
    const { data, used } = chunks.read(bytes.subarray(head));
    if (!this.#plain) this.#events.toClient(bytes.subarray(0, head + used), release);
    else if (data.length > 0) this.#events.toClient(Buffer.concat(data), release);
    else release();
    if (chunks.bad) this.#events.fails();
    else if (chunks.done) this.#end();
  }

  #end(): void {
    this.#events.ends(this.#closes, this.#innerCloses);
  }

  /** Ends the answer on upstream close; returns whether it is complete. */
  closed(): boolean {
    if (this.#head !== undefined || this.#left !== Number.POSITIVE_INFINITY) return false;
    this.#end();
    return true;
  }

  /** Stops: the client disconnected. */
  stop(): void {
    this.#gzip?.destroy();
  }
}
