import type { StreamAnswer } from '../../apiserver/messages.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../../lib/stream.ts';
import { TIMEOUT_HEADER } from '../edge/address.worker.ts';
import { random } from '../platform/host.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';

/** WebSocket close code of a stream that has nothing more to say. */
const NORMAL = 1000;

const encoder = new TextEncoder();
let lastText = '';
let lastBytes: Uint8Array = new Uint8Array();

/** Streams that share a message are flushed one after another: its bytes are made once. */
function bytesOf(text: Message): Uint8Array {
  if (typeof text !== 'string') return text;
  if (text !== lastText) {
    lastText = text;
    lastBytes = encoder.encode(text);
  }
  return lastBytes;
}

/** Bytes of an attachment, as estimated from its JSON; the platform's bound is 2,048. A longer one lies in the storage. */
const ATTACHMENT_CHARACTERS = 1500;
/** Before the keys of those. */
const KEPT = 'stream ';

/** What a socket is attached to instead: the key of its spec. */
interface Kept {
  kept: string;
}
type Attachment = StreamSpec | Kept;
const isKept = (attachment: Attachment | null): attachment is Kept => attachment !== null && 'kept' in attachment;

/** What streams remember over a sleep: each in the attachment of its socket, or, where its selectors are long, under a key named there. */
class Specs {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  save(socket: WebSocket, spec: StreamSpec): void {
    const text = JSON.stringify(spec);
    if (text.length <= ATTACHMENT_CHARACTERS) return socket.serializeAttachment(spec);
    const known = socket.deserializeAttachment() as Attachment | null;
    const kept = isKept(known) ? known.kept : `${KEPT}${random.uuid()}`;
    this.#kv.put(kept, text);
    socket.serializeAttachment({ kept } satisfies Kept);
  }

  load(socket: WebSocket): StreamSpec | undefined {
    const attachment = socket.deserializeAttachment() as Attachment | null;
    if (!isKept(attachment)) return attachment ?? undefined;
    const text = this.#kv.get<string>(attachment.kept);
    return text === undefined ? undefined : (JSON.parse(text) as StreamSpec);
  }

  forget(socket: WebSocket): void {
    const attachment = socket.deserializeAttachment() as Attachment | null;
    if (isKept(attachment)) this.#kv.delete(attachment.kept);
  }

  /** Those of sockets that broke while nobody looked. */
  sweep(open: readonly WebSocket[]): void {
    const stored = [...this.#kv.list({ prefix: KEPT })].map(([key]) => key);
    if (stored.length === 0) return;
    const used = new Set(open.map((socket) => (socket.deserializeAttachment() as Partial<Kept> | null)?.kept));
    for (const key of stored) if (!used.has(key)) this.#kv.delete(key);
  }
}

/** A stream's messages into a hibernatable socket. */
const portOf = (socket: WebSocket, specs: Specs): StreamPort => ({
  send: (message) => {
    try {
      socket.send(bytesOf(message));
    } catch (error) {
      // A client that went away a moment ago must not fail the write that its event came from.
      if (socket.readyState === WebSocket.OPEN) throw error;
    }
  },
  save: (spec) => specs.save(socket, spec),
  close: () => socket.close(NORMAL),
});

/** The streams of one object. The client's streams are held by the Worker; the object keeps sockets that outlive its sleep. */
export class Sockets {
  readonly #context: DurableObjectState;
  readonly #sessions = new Map<WebSocket, Session>();
  readonly #specs: Specs;

  constructor(context: DurableObjectState) {
    this.#context = context;
    this.#specs = new Specs(context.storage.kv);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Goes on with the streams that were open when the object fell asleep. */
  resume(cluster: Cluster): void {
    const open = this.#context.getWebSockets();
    this.#specs.sweep(open);
    for (const socket of open) {
      const spec = this.#specs.load(socket);
      const session = spec && cluster.resume(spec, portOf(socket, this.#specs));
      if (session) this.#sessions.set(socket, session);
      else socket.close(NORMAL);
    }
  }

  /** Opens a stream: the answer carries the other end of its socket. */
  open({ spec, headers, open }: StreamAnswer): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#context.acceptWebSocket(server);
    metrics.count('atoll_watches_opened_total');
    this.#sessions.set(server, open(portOf(server, this.#specs)));
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { ...headers, [TIMEOUT_HEADER]: `${spec.timeoutSeconds}` },
    });
  }

  /** Hands a client's message to its stream; false for one that takes none. */
  receive(socket: WebSocket, message: string | ArrayBuffer, cluster: Cluster, now: number): boolean {
    const session = this.#sessions.get(socket);
    if (!session?.receive) return false;
    cluster.receive(session, typeof message === 'string' ? message : new Uint8Array(message), now);
    return true;
  }

  /** Whether the end of this stream is an event of the audit log. */
  isAudited(socket: WebSocket): boolean {
    return (this.#sessions.get(socket)?.spec ?? this.#specs.load(socket))?.audit !== undefined;
  }

  /** A client has gone. */
  closed(socket: WebSocket, cluster: Cluster | undefined, now: number): void {
    metrics.count('atoll_watches_closed_total');
    const session = this.#sessions.get(socket);
    if (session) cluster?.closed(session, now);
    this.#sessions.delete(socket);
    this.#specs.forget(socket);
  }

  /** Ends every stream. */
  closeAll(): void {
    for (const socket of this.#context.getWebSockets()) socket.close(NORMAL);
    this.#sessions.clear();
  }
}
