import { beforeEach, expect, it } from 'vitest';
import type { Question } from '../../../src/lib/ask.ts';
import { Asker } from '../../../src/worker/object/ask.worker.ts';

const NAMED = 'https://login.internal:8443';
const PUBLIC = 'https://issuer.example.com';

/** What went out, by which way. */
let sent: string[];
let hold: Promise<void> | undefined;
const way = (name: string) => async (url: string, init?: RequestInit) => {
  sent.push(`${name} ${init?.method} ${url}`);
  await hold;
  return new Response(name);
};
beforeEach(() => {
  sent = [];
  hold = undefined;
});

const asker = () => new Asker({ outside: way('outside'), inside: { origins: new Set([NAMED]), fetch: way('inside') } });
const ask = async (...questions: Question[]) => (await asker().ask(questions)).map(([, reply]) => reply);

it('[AUTHN7] a question goes to public addresses, and for a document to what the operator named', async () => {
  expect(await ask({ method: 'GET', url: `${PUBLIC}/keys` })).toEqual([{ status: 200, body: 'outside' }]);
  expect(await ask({ method: 'GET', url: `${NAMED}/keys` })).toEqual([{ status: 200, body: 'inside' }]);
  sent = [];
  const refused = await ask(
    { method: 'POST', url: `${NAMED}/users`, body: '{}' },
    { method: 'GET', url: 'https://login.internal/keys' },
    { method: 'GET', url: 'https://10.0.0.1/keys' },
    { method: 'GET', url: 'https://localhost:8443/v1/accounts' },
  );
  expect(refused).toEqual([
    { failed: 'login.internal is not a public name' },
    { failed: 'login.internal is not a public name' },
    { failed: '10.0.0.1 is not a public address' },
    { failed: 'localhost is not a public name' },
  ]);
  expect(await asker().deliver('id', { method: 'POST', url: `${NAMED}/users` })).toEqual(refused[0]);
  expect(sent).toEqual([]);
});

it('[AUTHN7] equal questions that are under way are asked once, and a later one anew', async () => {
  const one = asker();
  let go = () => {};
  hold = new Promise((resolve) => (go = resolve));
  const question: Question = { method: 'GET', url: `${PUBLIC}/keys`, headers: { accept: 'application/json' } };
  const all = Promise.all(Array.from({ length: 20 }, () => one.ask([{ ...question }])));
  const other = one.ask([{ ...question, headers: { accept: 'text/plain' } }]);
  go();
  expect((await all).map(([[, reply]]) => reply)).toEqual(Array(20).fill({ status: 200, body: 'outside' }));
  await other;
  expect(sent).toHaveLength(2);
  await one.ask([question]);
  expect(sent).toHaveLength(3);
});
