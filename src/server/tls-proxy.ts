import { DRAIN_LOOK_MS } from './limits.ts';
import { setTimeout } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import type { Certificates } from './certificates.ts';
import { Connection } from './connection.ts';
import { dateLines } from './date.ts';
import type { Address } from './exchange.ts';
import { FairQueue } from './fair-queue.ts';

/** Options of the proxy. */
export interface TlsProxyOptions {
  certificates: Certificates;
  backend: Address;
  /** Account of a tenant (owners.ts). */
  owner: (tenant: string) => string;
  /** Domain of the clusters' host names. */
  domain?: string | undefined;
  /** The time, ms since 1970. */
  wallClock: () => number;
}

/**
 * Terminates TLS before workerd's plain socket: it bypasses miniflare's entry worker, and TLS and the objects use different threads. All of
 * its ports share one fair queue, as their clients share the thread behind.
 */
export class TlsProxy {
  readonly #options: TlsProxyOptions;
  readonly #fair: FairQueue;
  readonly #date: () => string;
  readonly #servers = new Set<Server>();
  readonly #connections = new Set<Connection>();

  constructor(options: TlsProxyOptions) {
    this.#options = options;
    this.#date = dateLines(options.wallClock);
    const clock = () => performance.now();
    this.#fair = new FairQueue({ clock, later: (ms, go) => void globalThis.setTimeout(go, ms), owner: options.owner });
  }

  /** Listens on a port, for all clusters or for one. */
  listen(port: number, cluster?: string): Promise<Server> {
    const { certificates, backend, domain } = this.#options;
    const { cert, key } = certificates;
    const options = {
      cert,
      key,
      ALPNProtocols: ['http/1.1'],
      noDelay: true,
      allowHalfOpen: true,
      // Any certificate or none: the handshake proves that the client has the key, and the cluster that is asked knows its own certificates.
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(options, (client) => {
      const connection = new Connection(client, { backend, fair: this.#fair, date: this.#date, cluster, domain });
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

  /** Stops accepting clients. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  /** Stops accepting, and closes connections once they have no pending answer; all of them after a timeout. */
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
