import type { Input } from './http-input.ts';
import { CHUNK_LINE_BYTES, TRAILER_BYTES } from './limits.ts';

const LF = 0x0a;
const CR = 0x0d;
const CRLF = Buffer.from('\r\n');
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');
/** First line of a chunk: its size, and extensions, which are ignored (net/http/internal/chunked.go). */
const SIZE = /^([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r]*)?$/;
const TRAILER = /^[!#$%&'*+.^_`|~\w-]+:[\t\x20-\x7e\x80-\xff]*$/;

/** Encodes bytes as a chunk. */
export function chunkOf(pieces: Buffer[]): Buffer {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const line = `${size.toString(16)}\r\n`;
  const out = Buffer.allocUnsafe(line.length + size + CRLF.length);
  let at = out.write(line, 'latin1');
  for (const piece of pieces) at += piece.copy(out, at);
  CRLF.copy(out, at);
  return out;
}

type State = 'size' | 'data' | 'data end' | 'trailers' | 'done' | 'bad';

/** Reads a chunked body (RFC 9112, section 7.1) in pieces of any size. */
export class ChunkReader {
  #state: State = 'size';
  /** Remaining bytes of the current chunk. */
  #left = 0;
  #line = '';
  /** Bytes of lines beside the data: of the current line, and of all trailers. */
  #trailers = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  /** The body is malformed; the rest cannot be framed. */
  get bad(): boolean {
    return this.#state === 'bad';
  }

  /** Data in a piece, as parts of it, and the number of its bytes that belong to the body. */
  read(piece: Buffer): { data: Buffer[]; used: number } {
    const data: Buffer[] = [];
    let at = 0;
    while (at < piece.length && this.#state !== 'done' && this.#state !== 'bad') {
      if (this.#state === 'data') {
        const part = piece.subarray(at, at + this.#left);
        this.#left -= part.length;
        at += part.length;
        data.push(part);
        if (this.#left === 0) this.#state = 'data end';
      } else at = this.#readLine(piece, at);
    }
    return { data, used: at };
  }

  /** Reads the available part of a line. */
  #readLine(piece: Buffer, from: number): number {
    const end = piece.indexOf(LF, from);
    const to = end < 0 ? piece.length : end + 1;
    this.#line += piece.toString('latin1', from, to);
    if (this.#line.length > CHUNK_LINE_BYTES) this.#state = 'bad';
    else if (end >= 0) {
      const isWhole = this.#line.charCodeAt(this.#line.length - 2) === CR;
      this.#state = isWhole ? this.#next(this.#line.slice(0, -CRLF.length)) : 'bad';
      this.#line = '';
    }
    return to;
  }

  #next(line: string): State {
    if (this.#state === 'data end') return line === '' ? 'size' : 'bad';
    if (this.#state === 'trailers') {
      this.#trailers += line.length;
      if (line === '') return 'done';
      return TRAILER.test(line) && this.#trailers <= TRAILER_BYTES ? 'trailers' : 'bad';
    }
    const size = SIZE.exec(line)?.[1];
    this.#left = size === undefined ? Number.NaN : Number.parseInt(size, 16);
    if (!Number.isSafeInteger(this.#left)) return 'bad';
    return this.#left === 0 ? 'trailers' : 'data';
  }
}

/** A malformed chunk line: upstream then rejects the body, as the proxy did. */
const BAD_CHUNK = Buffer.from('malformed\r\n');

/** Takes input of a chunked body and encodes it anew, without extensions and trailers. */
export function encodedAnew(chunks: ChunkReader, input: Input): Buffer[] {
  const { data, used } = chunks.read(input.peek());
  input.take(used);
  const out = data.length > 0 ? [chunkOf(data)] : [];
  if (chunks.done) out.push(LAST_CHUNK);
  if (chunks.bad) out.push(BAD_CHUNK);
  return out;
}
