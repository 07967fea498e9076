import { setTimeout } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { codeOf, Failure } from '../local/failure.ts';
import type { Certificates } from './certificates.ts';
import { Connection } from './connection.ts';
import type { Address } from './exchange.ts';
import { Fair } from './fair-queue.ts';

/** While the front drains: how often it looks, ms. */
const DRAIN_LOOK_MS = 10;

/** The clients of each front. */
const clients = new WeakMap<Server, Set<Connection>>();

/** Takes no more clients, and lets go of those that are there as soon as they are owed nothing; after so long, whatever they are owed. */
export async function drain(server: Server, mostMs: number): Promise<void> {
  server.close();
  const connections = clients.get(server) ?? new Set();
  const end = performance.now() + mostMs;
  while (connections.size > 0 && performance.now() < end) {
    for (const connection of connections) connection.drain(performance.now());
    await setTimeout(DRAIN_LOOK_MS);
  }
  for (const connection of connections) connection.cut();
}

/**
 * Ends TLS in front of workerd's plain socket: it goes around miniflare's entry worker, and TLS and the objects use different threads.
 */
export function front(
  certificates: Certificates,
  port: number,
  backend: Address,
  owner: (cluster: string) => string,
): Promise<Server> {
  const { cert, key } = certificates;
  const options = { cert, key, ALPNProtocols: ['http/1.1'], noDelay: true, allowHalfOpen: true };
  const clock = () => performance.now();
  const fair = new Fair({ clock, later: (ms, go) => void globalThis.setTimeout(go, ms), owner });
  const connections = new Set<Connection>();
  const server = createServer(options, (client) => {
    const connection = new Connection(client, { backend, fair });
    connections.add(connection);
    client.on('close', () => connections.delete(connection));
  });
  clients.set(server, connections);
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = codeOf(error) === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${codeOf(error)})`;
      reject(new Failure(`port ${port} ${why}; PORT names another`));
    });
    server.listen(port, () => resolve(server));
  });
}
