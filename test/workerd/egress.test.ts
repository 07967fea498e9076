import { once } from 'node:events';
import { createServer } from 'node:http';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { network } from '../../src/server/network.ts';

/** A server on this machine, and a Worker with the ways out that the local server gives it. */
const server = createServer((_, answer) => void answer.end('inside')).listen(0, '127.0.0.1');
const script = `
import { connect } from 'cloudflare:sockets';
const told = (work) => work.catch((error) => 'refused: ' + error.message);
export default { async fetch(request, env) {
  const [door, url] = (await request.text()).split(' ');
  if (door === 'socket') return new Response(await told((async () => { await connect(url).opened; return 'inside'; })()));
  const to = door === 'inside' ? env.INSIDE : globalThis;
  return new Response(await told(to.fetch(url).then((answer) => answer.text())));
} };`;
let miniflare: Miniflare;
let port: number;
beforeAll(async () => {
  if (!server.listening) await once(server, 'listening');
  ({ port } = server.address() as { port: number });
  miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'egress.mjs', contents: script }],
    compatibilityDate: '2026-06-01',
    outboundService: network('public'),
    serviceBindings: { INSIDE: network('public', 'private') },
  });
  await miniflare.ready;
});
afterAll(async () => {
  await miniflare?.dispose();
  server.close();
});

const ask = async (door: string, url: string) =>
  (await fetch(await miniflare.ready, { method: 'POST', body: `${door} ${url}` })).text();

it.each(['localhost', '127.0.0.1', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433'])(
  '[MG57] the way out leads to no private address: %s',
  async (host) => expect(await ask('outside', `http://${host}:${port}/`)).toMatch(/^refused/),
);

it('[MG57] nor does a bare socket', async () => {
  expect(await ask('socket', `127.0.0.1:${port}`)).toMatch(/^refused/);
});

it('[MG57] what the operator named has a way in', async () => {
  expect(await ask('inside', `http://localhost:${port}/`)).toBe('inside');
});
