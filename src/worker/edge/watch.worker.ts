import { SOCKET_HEADER, TIMEOUT_HEADER } from './address.worker.ts';

const MS = 1000;
const NORMAL = 1000;
const SWITCHING = 101;
/** What is about the way between the object and here. */
const INTERNAL = [TIMEOUT_HEADER, 'upgrade', 'connection'];

/**
 * Holds a client's watch so that the cluster's object need not: messages of a WebSocket to the object become chunks of the HTTP answer, or
 * messages of the client's own WebSocket. The object may hibernate between two of them.
 * A front that asks for the object's socket, and shows that it is one, gets that: the platform passes it through, and a message costs no
 * JavaScript here at all.
 */
export async function openWatch(
  request: Request,
  object: { fetch(request: Request): Promise<Response> },
  front: string | undefined,
): Promise<Response> {
  const wantsSocket = request.headers.get('upgrade')?.toLowerCase() === 'websocket';
  if (wantsSocket && front !== undefined && request.headers.get(SOCKET_HEADER) === front) return object.fetch(request);
  const headers = new Headers(request.headers);
  headers.set('Upgrade', 'websocket');
  const answer = await object.fetch(new Request(request.url, { headers }));
  const socket = answer.webSocket;
  if (!socket) return answer;
  return wantsSocket ? toSocket(answer, socket) : toStream(request, answer, socket);
}

function headersOf(answer: Response): Headers {
  const out = new Headers(answer.headers);
  for (const name of INTERNAL) out.delete(name);
  return out;
}

/** Ends something after the time that the object set; returns what forgets it. */
function after(answer: Response, end: () => void): () => void {
  const seconds = Number(answer.headers.get(TIMEOUT_HEADER));
  if (!(seconds > 0)) return () => undefined;
  const timer = setTimeout(end, seconds * MS);
  return () => clearTimeout(timer);
}

/**
 * As a stream: the platform's own, not a ReadableStream of ours, for a chunk then costs no JavaScript between here and the client. A client
 * that goes away closes the socket, and so does the watch's own timeout.
 */
function toStream(request: Request, answer: Response, socket: WebSocket): Response {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let open = true;
  const finish = () => {
    if (!open) return;
    open = false;
    forget();
    socket.close();
    // Closing fails when the client is gone already; nothing else is to be done.
    writer.close().catch(() => undefined);
  };
  const forget = after(answer, finish);
  socket.addEventListener('message', (event) => {
    if (open) writer.write(new Uint8Array(event.data as ArrayBuffer)).catch(finish);
  });
  socket.addEventListener('close', finish);
  socket.addEventListener('error', finish);
  request.signal.addEventListener('abort', finish);
  socket.binaryType = 'arraybuffer';
  socket.accept();
  return new Response(readable, { headers: headersOf(answer) });
}

/** As a WebSocket of the client's: a text message for each event (apiserver endpoints/handlers/watch.go HandleWS). What it sends is not read. */
function toSocket(answer: Response, socket: WebSocket): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  const decoder = new TextDecoder();
  let open = true;
  const finish = () => {
    if (!open) return;
    open = false;
    forget();
    socket.close();
    server.close(NORMAL);
  };
  const forget = after(answer, finish);
  socket.addEventListener('message', (event) => {
    if (!open) return;
    const text = decoder.decode(event.data as ArrayBuffer);
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf('\n', at) + 1 || text.length;
      server.send(text.slice(at, end));
      at = end;
    }
  });
  for (const side of [socket, server]) {
    side.addEventListener('close', finish);
    side.addEventListener('error', finish);
  }
  socket.binaryType = 'arraybuffer';
  socket.accept();
  server.accept();
  return new Response(null, { status: SWITCHING, webSocket: client, headers: headersOf(answer) });
}
