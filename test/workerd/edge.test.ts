import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSecret, PREFIXES } from '../../src/lib/secrets.ts';
import { bundle } from '../../src/server/bundle.ts';

/** The Worker as it is deployed: with a domain for clusters, and no front before it. */

const DOMAIN = 'clusters.example.com';
const OPERATOR = makeSecret(PREFIXES.operator, { token: (bytes) => 'x'.repeat(Math.ceil((bytes * 4) / 3)) });
const BIG = 'x'.repeat(200_000);
let miniflare: Miniflare;
let port = 0;
/** Two clusters of one account. */
let mine: { id: string; token: string; server: string };
let other: { id: string; token: string; server: string };
let account = '';

interface Said {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}
function ask(host: string, path: string, token: string, o: { headers?: Record<string, string>; json?: unknown } = {}) {
  const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'application/json', ...o.headers };
  return new Promise<Said>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method: o.json ? 'POST' : 'GET', headers }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }));
    });
    outgoing.on('error', reject).end(o.json ? JSON.stringify(o.json) : undefined);
  });
}

async function make(name: string) {
  const { body } = await ask('api.example.com', '/v1/accounts/self/clusters', account, { json: { name, apiOnly: true } });
  const { id, server, kubeconfig } = JSON.parse(body.toString());
  expect(kubeconfig, body.toString()).toBeDefined();
  return { id, server, token: JSON.parse(kubeconfig).users[0].user.token as string };
}

beforeAll(async () => {
  miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents: readFileSync(await bundle(), 'utf8') }],
    compatibilityDate: '2026-06-01',
    compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    durableObjects: {
      CLUSTERS: { className: 'ClusterDO', useSQLite: true },
      TASKS: { className: 'TaskRunnerDO', useSQLite: true },
    },
    d1Databases: { DB: 'atoll' },
    bindings: {
      ATOLL_SECRET: 'a secret for this test',
      ATOLL_OPERATOR_SHA256: createHash('sha256').update(OPERATOR).digest('hex'),
      ATOLL_URL: 'https://api.example.com',
      ATOLL_CLUSTER_DOMAIN: DOMAIN,
      ATOLL_LOG: 'errors',
    },
  });
  await miniflare.ready;
  port = Number((await miniflare.unsafeGetDirectURL()).port);
  const db = await miniflare.getD1Database('DB');
  const folder = new URL('../../migrations/', import.meta.url);
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.sql')) continue;
    const statements = readFileSync(new URL(name, folder), 'utf8').split('--> statement-breakpoint');
    await db.batch(statements.map((text) => db.prepare(text.trim())));
  }
  const { body } = await ask('api.example.com', '/v1/accounts', OPERATOR, { json: { name: 'alice' } });
  account = JSON.parse(body.toString()).token;
  [mine, other] = [await make('mine'), await make('other')];
}, 60_000);
afterAll(() => miniflare?.dispose());

describe('[MG69] a host name of its own', () => {
  it('is the address of a cluster, and the path at the deployment is one, too', async () => {
    expect(mine.server).toBe(`https://${mine.id}.${DOMAIN}`);
    const host = `${mine.id}.${DOMAIN}`;
    for (const [at, path] of [
      [host, '/version'],
      [`${host}:8443`, '/version'],
      ['api.example.com', `/clusters/${mine.id}/version`],
    ] as const) {
      const { status, body } = await ask(at, path, mine.token);
      expect([status, body.toString()], `${at}${path}`).toEqual([200, expect.stringContaining('v1.36.3')]);
    }
    const made = await ask(host, '/api/v1/namespaces', mine.token, {
      json: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'by-host' } },
    });
    expect(made.status).toBe(201);
    const watch = await ask(host, '/api/v1/namespaces?watch=1&timeoutSeconds=1', mine.token);
    expect(watch.body.toString()).toContain('"by-host"');
  });

  it('leads to its cluster, and to nothing else', async () => {
    const host = `${mine.id}.${DOMAIN}`;
    const stranger = await ask(host, '/version', 'nobody');
    expect(stranger.status).toBe(401);
    for (const path of [
      '/v1/me',
      '/metrics',
      `/clusters/${other.id}/version`,
      '/../../v1/me',
      `/../${other.id}/version`,
      '/%2e%2e/%2e%2e/v1/me',
      '//v1/me',
      '/..\\..\\v1\\me',
    ]) {
      for (const token of [account, OPERATOR, other.token]) {
        const { status, body } = await ask(host, path, token);
        expect([status, body.toString()], path).toEqual([401, stranger.body.toString()]);
      }
      const { status, body } = await ask(host, path, mine.token);
      expect([status, body.toString()], path).toEqual([
        expect.toSatisfy((n) => [400, 401, 403, 404].includes(n)),
        expect.anything(),
      ]);
      expect(body.toString()).not.toMatch(/gitVersion|"accounts"|atoll_requests_total/);
    }
    const made = await ask(`${'a'.repeat(26)}.${DOMAIN}`, '/version', mine.token);
    expect([made.status, made.body.toString()]).toEqual([401, stranger.body.toString()]);
    expect((await ask(`a.${mine.id}.${DOMAIN}`, '/version', mine.token)).body.toString()).not.toContain('gitVersion');
  });
});

describe('long answers', () => {
  it('are compressed for clients that ask for it', async () => {
    const json = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { x: BIG } };
    const path = '/api/v1/namespaces/default/configmaps';
    const host = `${mine.id}.${DOMAIN}`;
    expect((await ask(host, path, mine.token, { json })).status).toBe(201);
    const gzip = { headers: { 'accept-encoding': 'gzip' } };
    const { headers, body } = await ask(host, path, mine.token, gzip);
    expect([headers['content-encoding'], headers.vary]).toEqual(['gzip', 'Accept-Encoding']);
    expect(body.length).toBeLessThan(BIG.length / 10);
    expect(JSON.parse(gunzipSync(body).toString()).items[0].data.x).toBe(BIG);
    expect((await ask(host, path, mine.token)).headers['content-encoding']).toBeUndefined();
    expect((await ask(host, '/api', mine.token, gzip)).headers['content-encoding']).toBeUndefined();
  });
});
