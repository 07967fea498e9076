/** Bits and codes of RFC 6455, section 5.2. */
const OPCODE = 0x0f;
const CONTROL = 0x08;
const LENGTH = 0x7f;
const FINAL = 0x80;
const MASKED = 0x80;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const SHORT_HEADER = 2;
const MEDIUM = 126;
const MEDIUM_HEADER = 4;
const LONG = 127;
const LONG_HEADER = 10;

/** A client's control frame. Its masking key is zero, so the payload is unchanged. */
function controlFrame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([FINAL | opcode, MASKED | payload.length, 0, 0, 0, 0]), payload]);
}

/** A client's close frame without a reason. */
export const CLOSE_FRAME = controlFrame(CLOSE, Buffer.alloc(0));

/** Reads a server's WebSocket data in pieces of any size. Message boundaries are not kept. */
export class FrameReader {
  readonly #reply: (frame: Buffer) => void;
  /** Remaining data bytes of the current frame. */
  #owed = 0;
  /** Incomplete beginning of a header or a control frame. */
  #rest: Buffer | undefined;
  #closed = false;

  /** `reply` answers pings. */
  constructor(reply: (frame: Buffer) => void) {
    this.#reply = reply;
  }

  /** The server has closed; later bytes are ignored. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Data in a piece: parts of the piece itself, whose memory the reader does not retain. */
  read(piece: Buffer): Buffer[] {
    const bytes = this.#rest ? Buffer.concat([this.#rest, piece]) : piece;
    this.#rest = undefined;
    const found: Buffer[] = [];
    for (let at = 0; at < bytes.length && !this.#closed; ) {
      if (this.#owed > 0) {
        const data = bytes.subarray(at, at + this.#owed);
        this.#owed -= data.length;
        at += data.length;
        found.push(data);
        continue;
      }
      const taken = this.#header(bytes, at);
      if (taken === 0) {
        this.#rest = Buffer.from(bytes.subarray(at));
        break;
      }
      at += taken;
    }
    return found;
  }

  /** Reads a frame's header, or a whole control frame; returns the number of bytes, 0 when incomplete. */
  #header(bytes: Buffer, at: number): number {
    const there = bytes.length - at;
    if (there < SHORT_HEADER) return 0;
    const opcode = bytes[at] & OPCODE;
    const length = bytes[at + 1] & LENGTH;
    if (opcode & CONTROL) {
      const end = SHORT_HEADER + length;
      if (there < end) return 0;
      if (opcode === PING) this.#reply(controlFrame(PONG, bytes.subarray(at + SHORT_HEADER, at + end)));
      this.#closed = opcode === CLOSE;
      return end;
    }
    const size = length === LONG ? LONG_HEADER : length === MEDIUM ? MEDIUM_HEADER : SHORT_HEADER;
    if (there < size) return 0;
    if (size === LONG_HEADER) this.#owed = Number(bytes.readBigUInt64BE(at + SHORT_HEADER));
    else this.#owed = size === MEDIUM_HEADER ? bytes.readUInt16BE(at + SHORT_HEADER) : length;
    return size;
  }
}
