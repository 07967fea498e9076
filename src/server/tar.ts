import { createReadStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { once } from 'node:events';
import { Failure } from '../local/failure.ts';

/** A tar archive is blocks of this size (POSIX ustar). */
const BLOCK = 512;
const NAME_BYTES = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;
const REGULAR = '0';

/** Fields of a header: where they stand, and how long they are. */
const FIELDS = {
  name: [0, NAME_BYTES],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  time: [136, 12],
  prefix: [345, 155],
} as const;

const octal = (value: number, bytes: number): string => `${value.toString(8).padStart(bytes - 1, '0')}\0`;

function header(name: string, size: number, seconds: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELDS, text: string) => block.write(text, FIELDS[field][0], 'latin1');
  // A long name is cut at a slash.
  const cut = name.length > NAME_BYTES ? name.indexOf('/', name.length - NAME_BYTES - 1) : -1;
  if (name.length - cut - 1 > NAME_BYTES) throw new Failure(`the name ${name} is too long for an archive`);
  put('prefix', name.slice(0, Math.max(cut, 0)));
  put('name', name.slice(cut + 1));
  put('mode', octal(0o600, FIELDS.mode[1]));
  put('uid', octal(0, FIELDS.uid[1]));
  put('gid', octal(0, FIELDS.gid[1]));
  put('size', octal(size, FIELDS.size[1]));
  put('time', octal(seconds, FIELDS.time[1]));
  block.fill(' ', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES);
  block.write(`${REGULAR}\0`, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

/** Writes files one after another into an archive. */
export class TarWriter {
  readonly #out: Writable;
  readonly #seconds: number;

  constructor(out: Writable, now: number) {
    this.#out = out;
    this.#seconds = Math.floor(now / 1000);
  }

  async #add(name: string, size: number, open: () => Readable): Promise<void> {
    await this.#write(header(name, size, this.#seconds));
    let written = 0;
    for await (const piece of open()) {
      written += (piece as Buffer).length;
      await this.#write(piece as Buffer);
    }
    if (written !== size) throw new Failure(`${name} changed while it was read`);
    if (size % BLOCK) await this.#write(Buffer.alloc(BLOCK - (size % BLOCK)));
  }

  addFile(name: string, size: number, file: string): Promise<void> {
    return this.#add(name, size, () => createReadStream(file));
  }

  addBytes(name: string, bytes: Buffer): Promise<void> {
    return this.#add(name, bytes.length, () => Readable.from([bytes]));
  }

  /** Two empty blocks end an archive. */
  async end(): Promise<void> {
    await this.#write(Buffer.alloc(2 * BLOCK));
    this.#out.end();
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#out.write(bytes)) await once(this.#out, 'drain');
  }
}

/** Reads bytes in the portions that are asked for. */
class Portions {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** So many bytes at most, and at least one, as they come; empty at the end. */
  async some(most: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return Buffer.alloc(0);
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async exactly(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const piece = await this.some(left);
      if (piece.length === 0) throw new Failure('the archive is cut off');
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  }
}

/** The files of an archive, in its order. Each one's content must be read before the next is asked for. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<{ name: string; content: AsyncGenerator<Buffer> }> {
  const portions = new Portions(source);
  for (;;) {
    const block = await portions.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) return;
    const text = (field: keyof typeof FIELDS) =>
      block.toString('utf8', FIELDS[field][0], FIELDS[field][0] + FIELDS[field][1]).replace(/\0.*$/s, '');
    const sum = Number.parseInt(block.toString('latin1', CHECKSUM_AT, CHECKSUM_AT + 6), 8);
    block.fill(' ', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES);
    if (block.reduce((total, byte) => total + byte, 0) !== sum) throw new Failure('it is no archive of a backup, or damaged');
    const size = Number.parseInt(text('size'), 8);
    yield { name: [text('prefix'), text('name')].filter(Boolean).join('/'), content: contentOf(portions, size) };
  }
}

async function* contentOf(portions: Portions, size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; ) {
    const piece = await portions.some(left);
    if (piece.length === 0) throw new Failure('the archive is cut off');
    left -= piece.length;
    yield piece;
  }
  if (size % BLOCK) await portions.exactly(BLOCK - (size % BLOCK));
}
