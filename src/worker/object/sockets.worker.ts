import { ATTACHMENT_CHARACTERS } from '../limits.ts';
import type { StreamAnswer } from '../../apiserver/messages.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Message, Session, StreamPort, StreamSpec } from '../../lib/stream.ts';
import { TIMEOUT_HEADER } from '../edge/address.worker.ts';
import { random } from '../platform/host.worker.ts';
import { metrics } from '../edge/metrics.worker.ts';

/** WebSocket close code of a normal end (RFC 6455). */
const NORMAL = 1000;

const encoder = new TextEncoder();
let lastText = '';
let lastBytes: Uint8Array = new Uint8Array();

/** Bytes of a message, encoded once for consecutive streams that share it. */
function bytesOf(text: Message): Uint8Array {
  if (typeof text !== 'string') return text;
  if (text !== lastText) {
    lastText = text;
    lastBytes = encoder.encode(text);
  }
  return lastBytes;
}

/** Key prefix of specs in the storage. */
const STORED = 'stream ';

/** Attachment that names the storage key of the spec. */
interface StoredSpec {
  kept: string;
}
type Attachment = StreamSpec | StoredSpec;
const isStored = (attachment: Attachment | null): attachment is StoredSpec => attachment !== null && 'kept' in attachment;

/** Specs of streams, which survive hibernation: in the attachment of the socket, or in the storage if selectors make it too long. */
class Specs {
  readonly #kv: SyncKvStorage;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
  }

  save(socket: WebSocket, spec: StreamSpec): void {
    const text = JSON.stringify(spec);
    if (text.length <= ATTACHMENT_CHARACTERS) return socket.serializeAttachment(spec);
    const known = socket.deserializeAttachment() as Attachment | null;
    const kept = isStored(known) ? known.kept : `${STORED}${random.uuid()}`;
    this.#kv.put(kept, text);
    socket.serializeAttachment({ kept } satisfies StoredSpec);
  }

  load(socket: WebSocket): StreamSpec | undefined {
    const attachment = socket.deserializeAttachment() as Attachment | null;
    if (!isStored(attachment)) return attachment ?? undefined;
    const text = this.#kv.get<string>(attachment.kept);
    return text === undefined ? undefined : (JSON.parse(text) as StreamSpec);
  }

  forget(socket: WebSocket): void {
    const attachment = socket.deserializeAttachment() as Attachment | null;
    if (isStored(attachment)) this.#kv.delete(attachment.kept);
  }

  /** Deletes stored specs of sockets that closed without an event. */
  sweep(open: readonly WebSocket[]): void {
    const stored = [...this.#kv.list({ prefix: STORED })].map(([key]) => key);
    if (stored.length === 0) return;
    const used = new Set(open.map((socket) => (socket.deserializeAttachment() as Partial<StoredSpec> | null)?.kept));
    for (const key of stored) if (!used.has(key)) this.#kv.delete(key);
  }
}

/** Port of a stream over a hibernatable WebSocket. */
const portOf = (socket: WebSocket, specs: Specs): StreamPort => ({
  send: (message) => {
    try {
      socket.send(bytesOf(message));
    } catch (error) {
      // A client that has just disconnected must not fail the flush.
      if (socket.readyState === WebSocket.OPEN) throw error;
    }
  },
  save: (spec) => specs.save(socket, spec),
  close: () => socket.close(NORMAL),
});

/** Streams of one object, as hibernatable WebSockets to the Worker, which holds the clients' connections. */
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

  /** Resumes the streams that were open when the object hibernated. */
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

  /** Opens a stream; the response carries the other end of its WebSocket. */
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

  /** Hands a client's message to its stream. Returns false if the stream takes none. */
  receive(socket: WebSocket, message: string | ArrayBuffer, cluster: Cluster, now: number): boolean {
    const session = this.#sessions.get(socket);
    if (!session?.receive) return false;
    cluster.receive(session, typeof message === 'string' ? message : new Uint8Array(message), now);
    return true;
  }

  /** Whether the end of this stream is logged in the audit log. */
  isAudited(socket: WebSocket): boolean {
    return (this.#sessions.get(socket)?.spec ?? this.#specs.load(socket))?.audit !== undefined;
  }

  /** Removes a stream whose socket was closed. */
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
