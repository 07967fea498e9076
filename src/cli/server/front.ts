import { connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { codeOf, Failure } from '../failure.ts';
import type { Certificates } from './certificates.ts';

/**
 * Ends TLS in front of workerd's plain socket and passes bytes both ways, HTTP unseen. Measured against workerd's own TLS socket and
 * miniflare's entry worker it is the fastest of the three (ARCHITECTURE.md): TLS and the objects use different threads.
 */
export function front(certificates: Certificates, port: number, backend: { host: string; port: number }): Promise<Server> {
  const server = createServer(
    { cert: certificates.cert, key: certificates.key, ALPNProtocols: ['http/1.1'], noDelay: true },
    (client) => {
      const inner = connect({ ...backend, noDelay: true });
      // An end, not a destroy: what workerd sent last may still be on its way out.
      inner.on('error', () => client.destroy()).on('close', () => client.end());
      // A reset, not an end: workerd takes an end for a half-closed connection and would hold the client's watches until the next event.
      client.on('error', () => inner.resetAndDestroy()).on('close', () => inner.resetAndDestroy());
      client.pipe(inner);
      inner.pipe(client);
    },
  );
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const why = codeOf(error) === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${codeOf(error)})`;
      reject(new Failure(`port ${port} ${why}; PORT names another`));
    });
    server.listen(port, () => resolve(server));
  });
}
