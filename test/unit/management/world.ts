import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { drizzle } from 'drizzle-orm/sqlite-proxy';
import { seeded } from '../../fixtures/prng.ts';
import { createApp } from '../../../src/management/http/app.ts';
import type { LogEntry, ManagementDeps } from '../../../src/management/deps.ts';
import { makeSecret, PREFIXES } from '../../../src/lib/secrets.ts';
import { NodeClusters } from '../../host/clusters.ts';
import { sealing } from '../../host/crypto.ts';
import { NodeTaskRunner } from '../../host/task-runner.ts';
import { breaches } from './contract.ts';

const MIGRATIONS = new URL('../../../migrations/', import.meta.url);
const START = Date.UTC(2026, 10, 21);
const noise = seeded(99);
const entropy = (random: { next(): number }) => (bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, () => Math.floor(random.next() * 256))).toString('base64url');
export const OPERATOR = makeSecret(PREFIXES.operator, { token: entropy(noise) });
export const ORIGIN = 'https://atoll.test';

/** drizzle over node:sqlite with the real migrations; `released`: SQL of a database that has the first already. */
function database(released: string | undefined) {
  const db = new DatabaseSync(':memory:');
  if (released !== undefined) db.exec(released);
  for (const name of readdirSync(MIGRATIONS)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .slice(released === undefined ? 0 : 1))
    db.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  type Method = 'run' | 'all' | 'values' | 'get';
  const ask = (sql: string, params: unknown[], method: Method) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    if (method === 'run') statement.run(...(params as string[]));
    const rows = method === 'run' ? [] : (statement.all(...(params as string[])) as unknown as unknown[][]);
    return { rows: method === 'get' ? (rows[0] as unknown[]) : rows };
  };
  // As D1 does: all of a batch, or nothing.
  const batch = async (queries: { sql: string; params: unknown[]; method: Method }[]) => {
    db.exec('SAVEPOINT batch');
    try {
      const answers = queries.map(({ sql, params, method }) => ask(sql, params, method));
      db.exec('RELEASE batch');
      return answers;
    } catch (error) {
      db.exec('ROLLBACK TO batch; RELEASE batch');
      throw error;
    }
  };
  const drizzled = drizzle(async (sql, params, method) => ask(sql, params, method), batch);
  return { raw: db, drizzled };
}

/** A management app with a database of its own, and a way to speak to it. */
export function makeManagement(more: Partial<ManagementDeps> = {}, released?: string) {
  const clock = { now: START };
  const now = () => clock.now;
  const clusters = new NodeClusters(now);
  const { raw, drizzled } = database(released);
  const random = seeded(1);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const taskRunner = new NodeTaskRunner();
  const logged: LogEntry[] = [];
  const deps: ManagementDeps = {
    db: drizzled,
    clusters,
    taskRunner,
    crypto: {
      sha256,
      token: entropy(random),
      ...sealing,
    },
    random,
    fetch: () => Promise.reject(new Error('nothing outside is reached')),
    issuers: [],
    mac: (text) => createHmac('sha256', 'secret').update(text).digest('hex'),
    now,
    background: (work) => void work.then(undefined, () => undefined),
    log: (entry) => void logged.push(entry),
    metrics: () => 'atoll_turns_total 0\n',
    operatorSha256: sha256(OPERATOR),
    ...more,
  };
  const app = createApp(deps);
  /** Time passes, and what is due in it is done. */
  const pass = (ms: number) => taskRunner.run(deps, clock, clock.now + ms);
  const call = async (
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) => {
    const answer = await app.request(`${ORIGIN}${path}`, {
      method,
      headers: {
        host: 'atoll.test',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    const wrong = breaches(
      app,
      { method, url: `${ORIGIN}${path}` },
      { status: answer.status, type, text, headers: answer.headers },
    );
    if (wrong.length > 0) throw new Error(`${method} ${path} broke the contract of openapi.yaml: ${wrong.join('; ')}`);
    return { status: answer.status, type, text, body: type.includes('json') ? JSON.parse(text) : undefined };
  };
  const account = async (name: string): Promise<{ id: string; token: string }> =>
    (await call(OPERATOR, 'POST', '/v1/accounts', { name })).body;
  return { app, deps, taskRunner, pass, call, clusters, account, clock, raw, db: drizzled };
}
