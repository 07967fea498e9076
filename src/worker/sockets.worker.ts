import type { WatchSession, WatchSpec } from '../apiserver/streams/watch.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { WatchPort } from '../cluster/turn.ts';
import { TIMEOUT_HEADER } from './address.worker.ts';

/** WebSocket close code of a watch that has nothing more to say. */
const NORMAL = 1000;

const encoder = new TextEncoder();
let lastText = '';
let lastBytes: Uint8Array = new Uint8Array();

/** Watches that share a frame are flushed one after another: its bytes are made once. */
function bytesOf(text: string): Uint8Array {
  if (text !== lastText) {
    lastText = text;
    lastBytes = encoder.encode(text);
  }
  return lastBytes;
}

/** A watch's frames into a hibernatable socket; what the watch must remember is the socket's attachment. */
const portOf = (socket: WebSocket): WatchPort => ({
  send: (text) => {
    try {
      socket.send(bytesOf(text));
    } catch (error) {
      // A client that went away a moment ago must not fail the write that its event came from.
      if (socket.readyState === WebSocket.OPEN) throw error;
    }
  },
  save: (spec) => socket.serializeAttachment(spec),
  close: () => socket.close(NORMAL),
});

/** The watches of one object. The client's streams are held by the Worker; the object keeps sockets that outlive its sleep. */
export class Sockets {
  readonly #context: DurableObjectState;
  readonly #sessions = new Map<WebSocket, WatchSession>();

  constructor(context: DurableObjectState) {
    this.#context = context;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Goes on with the watches that were open when the object fell asleep. */
  resume(cluster: Cluster): void {
    for (const socket of this.#context.getWebSockets()) {
      this.#sessions.set(socket, cluster.resume(socket.deserializeAttachment() as WatchSpec, portOf(socket)));
    }
  }

  /** Opens a watch: the answer carries the other end of its socket. */
  open(cluster: Cluster, spec: WatchSpec, headers: Record<string, string>, now: number): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#context.acceptWebSocket(server);
    this.#sessions.set(server, cluster.watch(spec, portOf(server), now));
    const timeout = `${spec.timeoutSeconds ?? 0}`;
    return new Response(null, { status: 101, webSocket: client, headers: { ...headers, [TIMEOUT_HEADER]: timeout } });
  }

  /** Whether the end of this watch is told to the audit log. */
  isAudited(socket: WebSocket): boolean {
    const spec = (this.#sessions.get(socket)?.spec ?? socket.deserializeAttachment()) as WatchSpec | null;
    return spec?.audit !== undefined;
  }

  /** A client has gone. */
  closed(socket: WebSocket, cluster: Cluster | undefined, now: number): void {
    const session = this.#sessions.get(socket);
    if (session) cluster?.unwatch(session, now);
    this.#sessions.delete(socket);
  }

  /** Ends every watch. */
  closeAll(): void {
    for (const socket of this.#context.getWebSockets()) socket.close(NORMAL);
    this.#sessions.clear();
  }
}
