import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { codeOf, Failure } from '../local/failure.ts';
import type { Certificates } from './certificates.ts';
import { costOf, Fair, tenantOf, type Turn } from './fair-queue.ts';
import { hasStrangeMethod, isNoRequest, NO_REQUEST, STRANGE_METHOD } from './request-line.ts';
import { addressLine, withLine } from './forwarded-address.ts';
import { askForSocket, Watching } from './watch-bridge.ts';

/** Bytes of a request kept until its answer begins, to be sent again when the connection behind us was closed under it. */
const KEPT_BYTES = 64 * 1024;
/** How far an answer may be ahead of a client that reads slowly: a list fits, so that it passes without stops. */
const AHEAD_BYTES = 1024 * 1024;
/** A client that has said nothing for so long, and is owed nothing, is let go, ms. */
const IDLE_MS = 180_000;

/** While the front drains: how often it looks, and for how long nothing must have come of an answer that is taken for whole, ms. */
const DRAIN_LOOK_MS = 10;
const DRAIN_QUIET_MS = 50;

const SWITCHING = Buffer.from('HTTP/1.1 101 ');

/** Bytes read at once from the server behind. */
const READ_BYTES = 128 * 1024;
/** Buffers kept for the next reads. */
const FREE_BUFFERS = 64;
const free: Buffer[] = [];
let shared: Buffer | undefined;

/**
 * What an answer is read into and written to the client from, without a copy. They go round: new ones all the time would keep the garbage
 * collector busier than all the rest of this.
 */
const takeBuffer = (): Buffer => free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);

function giveBuffer(buffer: Buffer): void {
  if (buffer !== shared && free.length < FREE_BUFFERS) free.push(buffer);
}

/**
 * What watches are read into, of which there are many and all of them quiet: reading and using are one step, so that they share it. But
 * Windows reads ahead, into a buffer that must be the socket's own.
 */
function sharedBuffer(): Buffer {
  if (process.platform === 'win32') return takeBuffer();
  shared ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return shared;
}

interface Address {
  host: string;
  port: number;
  /** By which the Worker knows this front (ATOLL_FRONT). */
  secret: string;
}

/**
 * One client. workerd closes a connection after five quiet seconds, which clients of Kubernetes do not expect (kube-apiserver waits for
 * minutes, and a request that meets the close fails). So the client's connection stays, and the next request opens a new one behind it.
 */
class Relay {
  readonly #client: TLSSocket;
  readonly #backend: Address;
  /** Says of every request from where it came. */
  readonly #from: Buffer;
  #inner: Socket | undefined;
  /** What the client sent since the last byte of an answer. */
  #unanswered: Buffer[] = [];
  #size = 0;
  #repeated = false;
  #watching: Watching | undefined;
  /** What the client sent while it watches, or waits for its turn: its next request. */
  #held: Buffer[] = [];
  readonly #fair: Fair;
  /** The place of the request that is under way, or waits. */
  #turn: Turn | undefined;
  /** Of the last request: its tenant pays for what is answered. */
  #payer: Turn | undefined;
  #tenant = '';
  /** The connection became something else than HTTP: there are no requests any more. */
  #streams = false;
  /** When bytes of an answer came last. */
  #heardAt = 0;

  constructor(client: TLSSocket, backend: Address, fair: Fair) {
    this.#client = client;
    this.#backend = backend;
    this.#from = addressLine(backend.secret, client.remoteAddress ?? '');
    this.#fair = fair;
    client.once('data', (first: Buffer) => {
      if (isNoRequest(first)) {
        client.end(NO_REQUEST);
        return;
      }
      client.on('data', (chunk: Buffer) => this.#receive(chunk));
      this.#receive(first);
    });
    client.on('drain', () => this.#inner?.resume());
    client.on('error', () => client.destroy());
    // A reset, not an end: workerd takes an end for a half-closed connection and would hold the client's watches until the next event.
    client.on('close', () => {
      this.#leave();
      this.#watching?.stop();
      this.#inner?.resetAndDestroy();
    });
    client.on('timeout', () => this.#inner ?? client.destroy());
  }

  /**
   * A chunk that begins a request may ask for a watch. While an earlier request waits for its answer, none begins; nor would a client of
   * Kubernetes send one while that answer is under way.
   */
  #receive(chunk: Buffer): void {
    if (this.#watching) {
      this.#held.push(chunk);
      if (this.#held.reduce((sum, { length }) => sum + length, 0) > KEPT_BYTES) this.#client.destroy();
      return;
    }
    if (this.#turn?.waits) this.#wait(chunk);
    else if (this.#turn || this.#streams) this.#send(chunk);
    else this.#enter(chunk);
  }

  /** A request begins when it is its tenant's turn; until then nothing more is read from the client. */
  #enter(chunk: Buffer): void {
    this.#tenant = tenantOf(chunk) ?? this.#tenant;
    const turn = this.#fair.enter(this.#tenant, costOf(this.#tenant, chunk), () => {
      if (this.#turn) this.#client.resume();
      const waited = this.#held;
      this.#held = [];
      this.#begin(waited.length > 0 ? Buffer.concat(waited) : chunk);
    });
    this.#turn = turn;
    this.#payer = turn;
    if (turn.waits) this.#wait(chunk);
  }

  #wait(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#client.pause();
  }

  #begin(chunk: Buffer): void {
    if (hasStrangeMethod(chunk)) {
      this.#client.end(STRANGE_METHOD);
      return;
    }
    const asked = askForSocket(chunk, this.#backend.secret);
    if (asked) this.#watching = this.#watch();
    this.#send(withLine(asked ?? chunk, this.#from));
  }

  /** An answer begins, so its request is done with. */
  #answered(bytes: Buffer): void {
    this.#leave();
    this.#streams = !this.#watching && bytes.subarray(0, SWITCHING.length).equals(SWITCHING);
  }

  #leave(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn) this.#fair.leave(turn);
  }

  #watch(): Watching {
    return new Watching({
      toClient: (bytes) => this.#answer(bytes),
      toServer: (bytes) => void this.#inner?.write(bytes),
      refused: (bytes) => {
        this.#watching = undefined;
        this.#answer(bytes);
        this.#next();
      },
      ended: () => {
        const inner = this.#inner;
        this.#watching = undefined;
        this.#inner = undefined;
        inner?.destroySoon();
        this.#client.setTimeout(IDLE_MS);
        this.#next();
      },
    });
  }

  #next(): void {
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) this.#receive(Buffer.concat(held));
  }

  #answer(bytes: Buffer, written?: () => void): void {
    if (this.#payer) this.#fair.answered(this.#payer, bytes.length);
    this.#client.write(bytes, written);
    if (this.#client.writableLength > AHEAD_BYTES) this.#inner?.pause();
  }

  #send(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= KEPT_BYTES) this.#unanswered.push(chunk);
    else this.#unanswered = [];
    this.#inner ??= this.#open();
    if (!this.#inner.write(chunk)) this.#client.pause();
  }

  /** No request shall follow: a watch ends as if its time were over, what is under way is answered first, and then the client is let go. */
  drain(now: number): void {
    if (this.#watching) {
      this.#watching.end();
      return;
    }
    const client = this.#client;
    const owed = !this.#streams && (this.#turn !== undefined || this.#size > 0 || this.#held.length > 0);
    if (owed || now - this.#heardAt < DRAIN_QUIET_MS || client.writableLength > 0) return;
    client.destroySoon();
  }

  cut(): void {
    this.#client.destroy();
  }

  /** Bytes of an answer, in a buffer that is ours until it is given back. */
  #read(buffer: Buffer, size: number): void {
    const bytes = buffer.subarray(0, size);
    this.#heardAt = performance.now();
    if (this.#size > 0) {
      this.#size = 0;
      this.#unanswered = [];
      this.#repeated = false;
      if (this.#turn) this.#answered(bytes);
    }
    if (this.#watching) {
      this.#watching.read(bytes);
      giveBuffer(buffer);
    } else this.#answer(bytes, () => giveBuffer(buffer));
  }

  #open(): Socket {
    const client = this.#client;
    const onread = {
      buffer: () => (this.#watching ? sharedBuffer() : takeBuffer()),
      callback: (size: number, buffer: Uint8Array) => {
        if (this.#inner === inner) this.#read(buffer as Buffer, size);
        return true;
      },
    };
    const inner = connect({ ...this.#backend, noDelay: true, onread });
    inner.on('drain', () => client.resume());
    inner.on('error', () => inner.destroy());
    inner.on('close', () => {
      if (this.#inner === inner) this.#closed();
    });
    return inner;
  }

  #closed(): void {
    this.#inner = undefined;
    const client = this.#client;
    if (client.destroyed) return;
    client.resume();
    if (this.#size === 0 && this.#watching) {
      // The stream was cut off; a client that is told so watches again.
      client.destroy();
      return;
    }
    if (this.#size === 0) {
      client.setTimeout(IDLE_MS);
      return;
    }
    // Closed before a byte of the answer: workerd had not read the request. Once is enough; after that something else is wrong.
    if (this.#repeated || this.#size > KEPT_BYTES) {
      client.destroy();
      return;
    }
    this.#repeated = true;
    const again = Buffer.concat(this.#unanswered);
    this.#size = 0;
    this.#unanswered = [];
    this.#send(again);
  }
}

/** The clients of each front. */
const clients = new WeakMap<Server, Set<Relay>>();

/** Takes no more clients, and lets go of those that are there as soon as they are owed nothing; after so long, whatever they are owed. */
export async function drain(server: Server, mostMs: number): Promise<void> {
  server.close();
  const relays = clients.get(server) ?? new Set();
  const end = performance.now() + mostMs;
  while (relays.size > 0 && performance.now() < end) {
    for (const relay of relays) relay.drain(performance.now());
    await setTimeout(DRAIN_LOOK_MS);
  }
  for (const relay of relays) relay.cut();
}

/**
 * Ends TLS in front of workerd's plain socket and passes bytes both ways, HTTP unseen but for watches: it goes around miniflare's entry
 * worker, and TLS and the objects use different threads.
 */
export function front(
  certificates: Certificates,
  port: number,
  backend: Address,
  owner: (cluster: string) => string,
): Promise<Server> {
  const options = { cert: certificates.cert, key: certificates.key, ALPNProtocols: ['http/1.1'], noDelay: true };
  const clock = () => performance.now();
  const fair = new Fair({ clock, later: (ms, go) => void globalThis.setTimeout(go, ms), owner });
  const relays = new Set<Relay>();
  const server = createServer(options, (client) => {
    const relay = new Relay(client, backend, fair);
    relays.add(relay);
    client.on('close', () => relays.delete(relay));
  });
  clients.set(server, relays);
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = codeOf(error) === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${codeOf(error)})`;
      reject(new Failure(`port ${port} ${why}; PORT names another`));
    });
    server.listen(port, () => resolve(server));
  });
}
