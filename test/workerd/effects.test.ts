import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { optionsFor, workerd } from './bundle.ts';

/** A receiver of effects: what came, by id, and how it answers each. */
const received = new Map<string, string[]>();
const answers = new Map<string, (attempt: number, response: ServerResponse) => void>();
const receiver = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  let body = '';
  for await (const piece of request) body += piece;
  const ids = [...(received.get(body) ?? []), String(request.headers['idempotency-key'])];
  received.set(body, ids);
  answers.get(body)?.(ids.length, response);
}).listen(0, '127.0.0.1');
const status = (code: number) => (_: number, response: ServerResponse) => void response.writeHead(code).end('heard');

/** The receiver has a public name, for no effect leads to a private address. */
const TO = 'http://receiver.example.com/';
const data = mkdtempSync(join(tmpdir(), 'atoll-effects-'));
const options = await optionsFor('effects.worker.ts');
let miniflare: Miniflare;
let url: URL;

/** workerd, over what a former one has committed. */
async function start(): Promise<void> {
  const { port } = receiver.address() as { port: number };
  miniflare = workerd(
    options,
    { SENDERS: 'Senders' },
    {
      durableObjectsPersist: data,
      outboundService: async (request: { headers: Headers; text(): Promise<string> }) => {
        const headers = { 'idempotency-key': request.headers.get('idempotency-key') ?? '' };
        const { body, status: code } = await fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          headers,
          body: await request.text(),
        });
        return new Response(body, { status: code }) as never;
      },
    },
  );
  url = await miniflare.ready;
}

beforeAll(async () => {
  if (!receiver.listening) await once(receiver, 'listening');
  await start();
});
afterAll(async () => {
  await miniflare?.dispose();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(data, { recursive: true, force: true });
});

const ask = async (path: string) => (await fetch(new URL(path, url))).json();
const write = (id: string, more = '') => ask(`/write?id=${id}&to=${encodeURIComponent(TO)}${more}`);
const soon = (what: () => Promise<void> | void, timeout = 30_000) => vi.waitFor(what, { timeout, interval: 50 });
const outcome = (id: string, wanted: object) => soon(async () => expect(await ask(`/state?id=${id}`)).toEqual(wanted));
const HEARD = { status: 200, body: 'heard' };

describe('[RC15] effects in workerd', () => {
  it('are sent after the commit, with their id; the outcome stays until it is settled', async () => {
    answers.set('good', status(200));
    await write('good');
    await outcome('good', { sends: 1, outcome: HEARD });
    expect(received.get('good')).toEqual(['good']);
    await ask('/settle?id=good');
    expect(await ask('/state?id=good')).toBeNull();
  });

  it('are sent again by the alarm after a failure, with the same id', async () => {
    answers.set('flaky', (attempt, response) => status(attempt === 1 ? 500 : 200)(attempt, response));
    await write('flaky');
    // Nobody asks in between: the alarm alone brings it back.
    await soon(() => expect(received.get('flaky')).toEqual(['flaky', 'flaky']));
    await outcome('flaky', { sends: 2, outcome: HEARD });
  });

  it('are given up for that time when nobody answers, and sent again', async () => {
    answers.set('silent', (attempt, response) => {
      if (attempt > 1) status(200)(attempt, response);
    });
    await write('silent');
    await soon(() => expect(received.get('silent')).toEqual(['silent', 'silent']), 60_000);
    await outcome('silent', { sends: 2, outcome: HEARD });
  }, 90_000);

  it('of a transaction that was rolled back are never sent', async () => {
    answers.set('undone', status(200));
    answers.set('after', status(200));
    expect((await fetch(new URL(`/write?id=undone&to=${encodeURIComponent(TO)}&fails`, url))).status).toBe(500);
    await write('after');
    await outcome('after', { sends: 1, outcome: HEARD });
    expect([received.get('undone'), await ask('/state?id=undone')]).toEqual([undefined, null]);
  });

  it('that were committed and not sent when workerd died are sent by the next one, with the same id', async () => {
    answers.set('killed', status(200));
    await write('killed', '&in=1000');
    expect(received.get('killed')).toBeUndefined();
    await miniflare.dispose();
    expect(received.get('killed')).toBeUndefined();
    await start();
    await outcome('killed', { sends: 1, outcome: HEARD });
    expect(received.get('killed')).toEqual(['killed']);
  });

  it('that were on their way when workerd died are sent again, with the same id', async () => {
    answers.set('lost', (attempt, response) => {
      if (attempt > 1) status(200)(attempt, response);
    });
    await write('lost');
    await soon(() => expect(received.get('lost')).toEqual(['lost']));
    await miniflare.dispose();
    await start();
    await outcome('lost', { sends: 1, outcome: HEARD });
    expect(received.get('lost')).toEqual(['lost', 'lost']);
  });
});
