import { TIMEOUT_HEADER } from './address.worker.ts';

const MS = 1000;
const encoder = new TextEncoder();

/**
 * Holds a client's watch so that the cluster's object need not: messages of a WebSocket to the object become chunks of the HTTP answer.
 * The object may hibernate between two of them; a client that goes away closes the socket, and so does the watch's own timeout.
 */
export async function openWatch(request: Request, object: { fetch(request: Request): Promise<Response> }): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('Upgrade', 'websocket');
  const answer = await object.fetch(new Request(request.url, { headers }));
  const socket = answer.webSocket;
  if (!socket) return answer;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let open = true;
  const end = () => {
    open = false;
    clearTimeout(timer);
    socket.close();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const finish = () => {
        if (!open) return;
        end();
        controller.close();
      };
      socket.addEventListener('message', (event) => {
        if (open) controller.enqueue(encoder.encode(event.data as string));
      });
      socket.addEventListener('close', finish);
      socket.addEventListener('error', finish);
      const seconds = Number(answer.headers.get(TIMEOUT_HEADER));
      if (seconds > 0) timer = setTimeout(finish, seconds * MS);
      request.signal.addEventListener('abort', finish);
      socket.accept();
    },
    cancel: end,
  });
  const out = new Headers(answer.headers);
  for (const name of [TIMEOUT_HEADER, 'upgrade', 'connection']) out.delete(name);
  return new Response(body, { headers: out });
}
