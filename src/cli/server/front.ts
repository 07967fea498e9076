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
      const end = () => {
        client.destroy();
        inner.destroy();
      };
      client.on('error', end).on('close', end);
      inner.on('error', end).on('close', end);
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
