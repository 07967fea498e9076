import { setTimeout } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import type { Certificates } from './certificates.ts';
import { Connection } from './connection.ts';
import type { Address } from './exchange.ts';
import { FairQueue } from './fair-queue.ts';

/** While the front drains: how often it looks, ms. */
const DRAIN_LOOK_MS = 10;

/** What a front is made of. */
export interface TlsProxyOptions {
  certificates: Certificates;
  backend: Address;
  /** The account of a tenant (owners.ts). */
  owner: (tenant: string) => string;
  /** Under which clusters have host names of their own. */
  domain?: string | undefined;
}

/**
 * Ends TLS in front of workerd's plain socket: it goes around miniflare's entry worker, and TLS and the objects use different threads.
 * However many ports it listens on, those who ask share the thread behind as one.
 */
export class TlsProxy {
  readonly #options: TlsProxyOptions;
  readonly #fair: FairQueue;
  readonly #servers = new Set<Server>();
  readonly #connections = new Set<Connection>();

  constructor(options: TlsProxyOptions) {
    this.#options = options;
    const clock = () => performance.now();
    this.#fair = new FairQueue({ clock, later: (ms, go) => void globalThis.setTimeout(go, ms), owner: options.owner });
  }

  /** Listens on a port, for everybody or for one cluster. */
  listen(port: number, cluster?: string): Promise<Server> {
    const { certificates, backend, domain } = this.#options;
    const { cert, key } = certificates;
    const options = { cert, key, ALPNProtocols: ['http/1.1'], noDelay: true, allowHalfOpen: true };
    const server = createServer(options, (client) => {
      const connection = new Connection(client, { backend, fair: this.#fair, cluster, domain });
      this.#connections.add(connection);
      client.on('close', () => this.#connections.delete(connection));
    });
    server.on('tlsClientError', (_, socket) => socket.destroy());
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, () => {
        this.#servers.add(server);
        server.once('close', () => this.#servers.delete(server));
        resolve(server);
      });
    });
  }

  /** Takes no more clients. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  /** The same, and lets go of those that are there as soon as they are owed nothing; after so long, whatever they are owed. */
  async drain(mostMs: number): Promise<void> {
    this.close();
    const end = performance.now() + mostMs;
    while (this.#connections.size > 0 && performance.now() < end) {
      for (const connection of this.#connections) connection.drain(performance.now());
      await setTimeout(DRAIN_LOOK_MS);
    }
    for (const connection of this.#connections) connection.cut();
  }
}
