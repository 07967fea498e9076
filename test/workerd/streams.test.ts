import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { optionsFor, workerd } from './bundle.ts';

const miniflare = workerd(await optionsFor('streams.worker.ts'), { ECHOES: 'Echoes' });
const url = await miniflare.ready;
afterAll(() => miniflare.dispose());

/** workerd evicts an object with hibernatable sockets alone after 10 s without a message. */
const IDLE_MS = 11_000;
const LIVES = 4;

/** A client's end: messages in the order in which they came. */
async function connect() {
  const socket = new WebSocket(url.href.replace('http', 'ws'));
  socket.binaryType = 'arraybuffer';
  const got: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.addEventListener('message', ({ data }) => {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    const next = waiting.shift();
    if (next) next(text);
    else got.push(text);
  });
  await once(socket, 'open');
  const receive = () => new Promise<string>((resolve) => (got.length ? resolve(got.shift() as string) : waiting.push(resolve)));
  return { socket, receive };
}

describe('a stream that both sides speak on, in workerd', () => {
  it('[STR2] goes on after its object was evicted, from what its attachment kept, and ends when it says so', async () => {
    const { socket, receive } = await connect();
    expect(await receive()).toBe('hello');
    socket.send('a');
    expect(await receive()).toBe('1 a');
    socket.send('life?');
    const life = await receive();
    let other = life;
    for (let i = 0; other === life && i < LIVES; i++) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      socket.send('life?');
      other = await receive();
    }
    expect(other).not.toBe(life);
    socket.send(new TextEncoder().encode('b'));
    expect(await receive()).toBe('2 b');
    const closed = once(socket, 'close');
    socket.send('bye');
    expect(await closed).toMatchObject([{ code: 1000 }]);
  }, 120_000);
});
