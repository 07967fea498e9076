import { SOCKET_HEADER, TIMEOUT_HEADER } from './address.worker.ts';

const MS = 1000;

/**
 * Holds a client's watch so that the cluster's object need not: messages of a WebSocket to the object become chunks of the HTTP answer.
 * The object may hibernate between two of them; a client that goes away closes the socket, and so does the watch's own timeout.
 * The platform's own stream, not a ReadableStream of ours: a chunk then costs no JavaScript between here and the client.
 * A front that asks for the object's socket gets that: the platform passes it through, and a message costs no JavaScript here at all.
 */
export async function openWatch(request: Request, object: { fetch(request: Request): Promise<Response> }): Promise<Response> {
  if (request.headers.has(SOCKET_HEADER) && request.headers.get('Upgrade') === 'websocket') return object.fetch(request);
  const headers = new Headers(request.headers);
  headers.set('Upgrade', 'websocket');
  const answer = await object.fetch(new Request(request.url, { headers }));
  const socket = answer.webSocket;
  if (!socket) return answer;
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let open = true;
  const finish = () => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    socket.close();
    // A client that is gone fails the close, and nobody is left to be told.
    writer.close().catch(() => undefined);
  };
  socket.addEventListener('message', (event) => {
    if (open) writer.write(new Uint8Array(event.data as ArrayBuffer)).catch(finish);
  });
  socket.addEventListener('close', finish);
  socket.addEventListener('error', finish);
  request.signal.addEventListener('abort', finish);
  const seconds = Number(answer.headers.get(TIMEOUT_HEADER));
  if (seconds > 0) timer = setTimeout(finish, seconds * MS);
  socket.binaryType = 'arraybuffer';
  socket.accept();
  const out = new Headers(answer.headers);
  for (const name of [TIMEOUT_HEADER, 'upgrade', 'connection']) out.delete(name);
  return new Response(readable, { headers: out });
}
