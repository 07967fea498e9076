import { SOCKET_HEADER, TIMEOUT_HEADER } from './address.worker.ts';

const MS = 1000;
const NORMAL = 1000;
const SWITCHING = 101;
/** Headers between the object and the Worker, not sent to clients. */
const INTERNAL = [TIMEOUT_HEADER, 'upgrade', 'connection'];

/**
 * Opens a watch that the Worker holds, so that the object may hibernate between two messages: messages of a WebSocket to the object become
 * chunks of the HTTP response, or messages of the client's own WebSocket. The TLS proxy of the local server, which sends `proxySecret`, gets the
 * object's WebSocket itself: the platform passes it through, and messages run no JavaScript in the Worker.
 */
export async function openWatch(
  request: Request,
  object: { fetch(request: Request): Promise<Response> },
  proxySecret: string | undefined,
): Promise<Response> {
  const wantsSocket = request.headers.get('upgrade')?.toLowerCase() === 'websocket';
  if (wantsSocket && proxySecret !== undefined && request.headers.get(SOCKET_HEADER) === proxySecret)
    return object.fetch(request);
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

/** Calls `end` after the timeout in TIMEOUT_HEADER; returns a function that cancels it. */
function after(answer: Response, end: () => void): () => void {
  const seconds = Number(answer.headers.get(TIMEOUT_HEADER));
  if (!(seconds > 0)) return () => undefined;
  const timer = setTimeout(end, seconds * MS);
  return () => clearTimeout(timer);
}

/**
 * HTTP response with the messages of a socket as chunks. IdentityTransformStream, since a ReadableStream would run JavaScript for each chunk sent
 * to the client. The socket is closed when the client disconnects and at the watch's timeout.
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
    // Closing fails if the client has disconnected.
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

/** WebSocket response with a text message for each event; ignores what the client sends (apiserver endpoints/handlers/watch.go HandleWS). */
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
