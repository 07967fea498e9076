import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { costOf, tenantOf } from './fair-queue.ts';
import { addressLine, certificateLine } from './forwarded-address.ts';
import { Answer, type AnswerEvents, replyTo } from './http-answer.ts';
import { type ConnectionOptions, type Exchange, endsSoon, exchangeOf, isWhole, targetFor } from './exchange.ts';
import { encodedAnew } from './http-body.ts';
import { Input } from './http-input.ts';
import {
  BAD_REQUEST,
  headFor,
  isRefused,
  type Refused,
  type RequestHead,
  RequestParser,
  refusedWith,
  TOO_LARGE,
} from './http-request.ts';
import { AHEAD_BYTES, HALF_CLOSED_MS, IDLE_MS, LINGER_MS, PIPELINED_BYTES, REQUEST_HEAD_BYTES, RESEND_BYTES } from './limits.ts';
import { giveBuffer, sharedBuffer, takeBuffer } from './read-buffers.ts';
import { isNoRequest } from './request-line.ts';
import { askForSocket, isWatch, WatchBridge } from './watch-bridge.ts';

/** While draining: idle time after which an upgraded connection is closed, ms. */
const DRAIN_QUIET_MS = 50;

/**
 * A client's connection. Its requests are answered one after another, each forwarded when the former is done, so that the proxy knows where
 * a request and an answer end. workerd closes a connection after five idle seconds, which clients of Kubernetes do not expect
 * (kube-apiserver waits for minutes, and a request that meets the close fails): so the client's connection stays, and the next request
 * opens a new upstream one.
 */
export class Connection {
  readonly #client: TLSSocket;
  readonly #options: ConnectionOptions;
  /** Header lines with the client's address and certificate. */
  readonly #from: string;
  #inner: Socket | undefined;
  readonly #input = new Input();
  readonly #parser = new RequestParser();
  readonly #events = this.#answerEvents();
  #exchange: Exchange | undefined;
  /** The connection was upgraded: no more requests. */
  #tunnel = false;
  /** The client has half-closed. */
  #ended = false;
  /** No more answers follow. */
  #closing = false;
  #draining = false;
  /** Upstream is slower than the client's body. */
  #full = false;
  #paused = false;
  /** Time of the last upstream bytes. */
  #heardAt = 0;

  constructor(client: TLSSocket, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const { secret } = options.backend;
    this.#from = addressLine(secret, client.remoteAddress ?? '') + certificateLine(secret, client.getPeerX509Certificate()?.raw);
    client.on('data', (chunk: Buffer) => this.#receive(chunk));
    client.on('end', () => this.#clientEnded());
    client.on('drain', () => this.#inner?.resume());
    client.on('error', () => client.destroy());
    // A reset, not an end: workerd takes an end for a half-closed connection and would hold the client's watches until the next event.
    client.on('close', () => this.#stop());
    client.setTimeout(IDLE_MS, () => {
      if (!this.#exchange || this.#ended) client.destroy();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#closing) return;
    if (this.#tunnel) {
      if (this.#inner?.write(chunk) === false) this.#full = true;
      this.#flow();
      return;
    }
    this.#input.push(chunk);
    this.#advance();
  }

  /** Uses the input: bodies are forwarded, and the next request begins when the former is answered. */
  #advance(): void {
    while (!this.#exchange && !this.#closing && !this.#tunnel && this.#next()) continue;
    const exchange = this.#exchange;
    if (exchange?.started) this.#passBody(exchange);
    this.#flow();
  }

  /** Begins the next request; false: it is incomplete. */
  #next(): boolean {
    const input = this.#input;
    if (this.#draining || (input.length === 0 && this.#ended)) this.#finish();
    if (input.length === 0 || this.#closing) return false;
    const text = input.takeHead();
    if (text === undefined) {
      const isNone = this.#ended || isNoRequest(input.peek());
      if (input.length > REQUEST_HEAD_BYTES) this.#refuse(TOO_LARGE);
      else if (isNone) this.#refuse(BAD_REQUEST);
      return false;
    }
    const asked = text.length > REQUEST_HEAD_BYTES ? refusedWith(TOO_LARGE) : this.#parser.parse(text);
    if (isRefused(asked)) this.#reply(asked);
    else this.#enter(asked);
    return true;
  }

  #refuse(reply: Refused['reply']): void {
    this.#reply(refusedWith(reply));
  }

  /** Answers in the proxy; a following body, and anything after it, is not read. */
  #reply(refused: Refused): void {
    const closes = refused.closes || refused.framing !== 0;
    this.#client.write(replyTo({ ...refused.reply, ...(closes && { closes }) }, refused, this.#options.date()));
    if (closes) this.#finish();
  }

  /** Queues a request for its tenant's seat; until then nothing more is read from the client. */
  #enter(request: RequestHead): void {
    const target = targetFor(request, this.#options);
    const exchange = exchangeOf(request, target, new Answer(request, this.#events, this.#options.date));
    this.#exchange = exchange;
    const tenant = tenantOf(target, request.authorization);
    exchange.seat = this.#options.fair.enter(tenant, costOf(tenant, request.method), () => this.#start(exchange));
    exchange.payer = exchange.seat;
  }

  #start(exchange: Exchange): void {
    const { request, target } = exchange;
    exchange.started = true;
    const watches = isWatch(request, target);
    if (watches) exchange.watch = this.#watch(exchange);
    if (this.#ended) this.#hurry(exchange);
    // In one piece with the body, as far as that has come: another write would cost the Worker another read.
    const body = exchange.left > 0 && this.#input.length > 0 ? this.#takeBody(exchange) : undefined;
    const asked = watches ? askForSocket(request, this.#options.backend.secret) : request;
    this.#send(exchange, headFor(asked, target, this.#from, body));
    // After waiting, input may be there.
    if (exchange.seat) this.#advance();
  }

  /** Forwards input of a request's body. */
  #passBody(exchange: Exchange): void {
    const { chunks } = exchange;
    const input = this.#input;
    if (input.length === 0) return;
    if (!chunks) {
      if (exchange.left === 0) return;
      this.#send(exchange, this.#takeBody(exchange));
    } else if (!chunks.done && !chunks.bad) {
      for (const piece of encodedAnew(chunks, input)) this.#send(exchange, piece);
    }
    if (exchange.answered && isWhole(exchange)) this.#done();
  }

  /** Takes the input of a request's body whose length is known. */
  #takeBody(exchange: Exchange): Buffer {
    const piece = this.#input.take(exchange.left);
    exchange.left -= piece.length;
    return piece;
  }

  #send(exchange: Exchange, bytes: Buffer): void {
    // Upstream no longer reads the body.
    if (exchange.answered && !this.#inner) return;
    if (!exchange.receiving) {
      exchange.size += bytes.length;
      if (exchange.size <= RESEND_BYTES) exchange.sent.push(bytes);
      else exchange.sent = [];
    }
    this.#inner ??= this.#open();
    if (!this.#inner.write(bytes)) this.#full = true;
  }

  /** Resumes or pauses reading from the client. */
  #flow(): void {
    const exchange = this.#exchange;
    const isAhead = exchange !== undefined && isWhole(exchange) && this.#input.length > PIPELINED_BYTES;
    if (isAhead && exchange.watch && !this.#closing) {
      this.#client.destroy();
      return;
    }
    const pauses = !this.#closing && (this.#full || isAhead || (exchange !== undefined && !exchange.started));
    if (pauses === this.#paused) return;
    this.#paused = pauses;
    if (pauses) this.#client.pause();
    else this.#client.resume();
  }

  /** Frees the seat of the request when its answer begins. */
  #leave(exchange: Exchange): void {
    const { seat } = exchange;
    exchange.seat = undefined;
    if (seat) this.#options.fair.leave(seat);
  }

  /** What answers do, to whichever exchange they come. */
  #answerEvents(): AnswerEvents {
    return {
      toClient: (bytes, written) => this.#tell(bytes, written),
      continues: () => {
        if (this.#exchange) this.#exchange.continued = true;
      },
      waits: () => void this.#inner?.pause(),
      goesOn: () => {
        if (this.#client.writableLength <= AHEAD_BYTES) this.#inner?.resume();
      },
      canStay: () => !this.#draining && this.#exchange !== undefined && endsSoon(this.#exchange),
      begins: () => {
        if (this.#exchange) this.#leave(this.#exchange);
      },
      switches: () => {
        this.#tunnel = true;
        this.#exchange = undefined;
        if (this.#input.length > 0) this.#inner?.write(this.#input.take());
      },
      ends: (closes, inner) => {
        if (inner) this.#dropInner();
        this.#answered(closes);
      },
      fails: () => void this.#client.destroy(),
    };
  }

  #watch(exchange: Exchange): WatchBridge {
    const { closes, isOld } = exchange.request;
    return new WatchBridge(exchange.request, {
      toClient: (bytes) => this.#tell(bytes),
      toServer: (bytes) => void this.#inner?.write(bytes),
      date: this.#options.date,
      refused: (bytes) => {
        exchange.watch = undefined;
        exchange.answer.read(bytes, () => undefined);
      },
      ended: () => {
        const inner = this.#inner;
        this.#inner = undefined;
        inner?.destroySoon();
        this.#answered(closes || isOld || this.#draining);
      },
    });
  }

  #tell(bytes: Buffer, written?: () => void): void {
    const payer = this.#exchange?.payer;
    if (payer) this.#options.fair.answered(payer, bytes.length);
    this.#client.write(bytes, written);
    if (this.#client.writableLength > AHEAD_BYTES) this.#inner?.pause();
  }

  /** Ends the answer; the exchange ends when its request has, too. */
  #answered(closes: boolean): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#leave(exchange);
    exchange.answered = true;
    if (closes) this.#finish();
    else if (isWhole(exchange)) this.#done();
  }

  #done(): void {
    this.#exchange = undefined;
    this.#advance();
  }

  /** Closes after the last answer. Input is read for a moment, for a reset would take the answer away from the client. */
  #finish(): void {
    const client = this.#client;
    this.#closing = true;
    this.#dropInner();
    this.#flow();
    client.end(() => {
      if (this.#ended) client.destroy();
      const late = setTimeout(() => client.destroy(), LINGER_MS);
      client.once('close', () => clearTimeout(late));
    });
  }

  /** Takes the client's half-close: a complete request is answered, a watch ends, half a request is dropped (net/http's backgroundRead). */
  #clientEnded(): void {
    this.#ended = true;
    const exchange = this.#exchange;
    if (this.#closing || (exchange && !isWhole(exchange))) this.#client.destroy();
    else if (this.#tunnel) this.#client.destroySoon();
    else if (exchange) this.#hurry(exchange);
    else this.#advance();
  }

  /** Timeout of a half-closed client, which may be gone: ends a watch, and an answer without progress. */
  #hurry(exchange: Exchange): void {
    this.#client.setTimeout(HALF_CLOSED_MS);
    exchange.watch?.end();
  }

  /** Drains: a watch ends like a timeout, the current request is answered, then the connection closes. */
  drain(now: number): void {
    this.#draining = true;
    if (this.#tunnel) {
      if (now - this.#heardAt >= DRAIN_QUIET_MS && this.#client.writableLength === 0) this.#client.destroySoon();
    } else if (this.#exchange) this.#exchange.watch?.end();
    else if (!this.#closing) this.#finish();
  }

  cut(): void {
    this.#client.destroy();
  }

  /** Cleans up after the client disconnected. */
  #stop(): void {
    const exchange = this.#exchange;
    this.#closing = true;
    if (exchange) this.#leave(exchange);
    exchange?.watch?.stop();
    exchange?.answer.stop();
    this.#inner?.resetAndDestroy();
  }

  #dropInner(): void {
    const inner = this.#inner;
    this.#inner = undefined;
    inner?.destroy();
  }

  /** Takes upstream bytes, in a buffer that is ours until released. */
  #read(buffer: Buffer, size: number): void {
    const bytes = buffer.subarray(0, size);
    const exchange = this.#exchange;
    this.#heardAt = performance.now();
    if (this.#tunnel) {
      this.#tell(bytes, () => giveBuffer(buffer));
      return;
    }
    if (!exchange || exchange.answered) {
      // Unrequested.
      this.#dropInner();
      giveBuffer(buffer);
      return;
    }
    if (!exchange.receiving) {
      exchange.receiving = true;
      exchange.sent = [];
    }
    if (exchange.watch) {
      this.#leave(exchange);
      exchange.watch.read(bytes);
      giveBuffer(buffer);
    } else exchange.answer.read(bytes, () => giveBuffer(buffer));
  }

  #open(): Socket {
    const onread = {
      buffer: () => (this.#exchange?.watch ? sharedBuffer() : takeBuffer()),
      callback: (size: number, buffer: Uint8Array) => {
        if (this.#inner === inner) this.#read(buffer as Buffer, size);
        return true;
      },
    };
    const inner = connect({ ...this.#options.backend, noDelay: true, onread });
    inner.on('drain', () => {
      this.#full = false;
      this.#flow();
    });
    inner.on('error', () => inner.destroy());
    inner.on('close', () => {
      if (this.#inner === inner) this.#innerClosed();
    });
    return inner;
  }

  #innerClosed(): void {
    this.#inner = undefined;
    this.#full = false;
    const exchange = this.#exchange;
    if (this.#tunnel) this.#client.destroySoon();
    else if (exchange?.started && !exchange.answered) this.#cutOff(exchange);
    this.#flow();
  }

  /** Handles an upstream close during an exchange. */
  #cutOff(exchange: Exchange): void {
    if (exchange.receiving) {
      // The client repeats a request whose answer, or watch, was cut off.
      if (exchange.watch || !exchange.answer.closed()) this.#client.destroy();
      return;
    }
    // Closed before a byte of the answer: workerd had not read the request. Sent again once; after that something else is wrong.
    if (exchange.repeated || exchange.size > RESEND_BYTES) {
      this.#client.destroy();
      return;
    }
    exchange.repeated = true;
    exchange.size = 0;
    const again = Buffer.concat(exchange.sent);
    exchange.sent = [];
    this.#send(exchange, again);
  }
}
