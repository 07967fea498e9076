import { DurableObject } from 'cloudflare:workers';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { Sessions } from '../../src/cluster/sessions.ts';
import { Sockets } from '../../src/worker/object/sockets.worker.ts';
import { EchoSession, echoSpec } from '../fixtures/echo.ts';

/** The question which life of the object answers; no message of the stream. */
const LIFE = 'life?';
const MESSAGES = 100;

/** An object with the real sockets and sessions, and echoes for streams. */
export class Echoes extends DurableObject {
  readonly #life = crypto.randomUUID();
  readonly #sockets = new Sockets(this.ctx);
  readonly #sessions = new Sessions({
    resumptions: { echo: (spec, port) => new EchoSession(spec, port) },
    clock: (wall) => wall,
    sent: () => {},
    failed: (error) => {
      throw error;
    },
  });
  /** What sockets need of a cluster. */
  readonly #cluster = {
    resume: (...from: Parameters<Sessions['resume']>) => this.#sessions.resume(...from),
    receive: (...message: Parameters<Sessions['receive']>) => this.#sessions.receive(...message),
    closed: (session: Parameters<Sessions['remove']>[0]) => this.#sessions.remove(session),
  } as Partial<Cluster> as Cluster;
  #head = 0;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#sockets.resume(this.#cluster);
  }

  override async fetch(): Promise<Response> {
    const spec = echoSpec();
    const open = (port: ConstructorParameters<typeof EchoSession>[1]) =>
      this.#sessions.open((metered) => new EchoSession(spec, metered), port, Date.now());
    return this.#sockets.open({ status: 200, spec, headers: {}, open });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    if (message === LIFE) return socket.send(this.#life);
    this.#sockets.receive(socket, message, this.#cluster, Date.now());
    this.#sessions.flush(Date.now(), ++this.#head, MESSAGES);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    this.#sockets.closed(socket, this.#cluster, Date.now());
  }
}

export default {
  fetch: (request: Request, env: { ECHOES: DurableObjectNamespace<Echoes> }) => env.ECHOES.getByName('one').fetch(request),
};
