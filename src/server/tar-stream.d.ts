/** Types of the used part of tar-stream, which has none. */
declare module 'tar-stream' {
  import type { Readable, Writable } from 'node:stream';

  interface Header {
    name: string;
    size: number;
    mode?: number;
    mtime?: Date;
  }

  interface Pack extends Readable {
    /** A stream for the content, whose length must be as the header says. */
    entry(header: Header): Writable;
    entry(header: Header, content: Buffer): void;
    finalize(): void;
  }

  interface Extract extends Writable {
    /** The next entry comes when the content of this one has been read. */
    [Symbol.asyncIterator](): AsyncIterator<Readable & { header: Header }>;
  }

  export function pack(): Pack;
  export function extract(): Extract;
}
