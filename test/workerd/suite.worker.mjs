// The suites that run inside workerd, each test in a Durable Object of its own.
import { generateKeyPairSync, sign } from 'node:crypto';
import { DurableObject } from 'cloudflare:workers';
import { expect, it, tests } from 'vitest';
import { crypt, random, sealing } from '../../src/worker/platform/host.worker.ts';
import { openStorage } from '../../src/worker/platform/sqlite.worker.ts';
import pss from '../fixtures/pss.json';
import { storeContract } from '../contract/store-suite.ts';

/** Storage of the object whose test runs. */
let storage;
const open = () => openStorage(storage);

storeContract("a Durable Object's storage", open);

it('nested transactions roll back on their own, outer ones with all they hold', () => {
  const sql = open();
  sql.run('CREATE TABLE t (n INTEGER)');
  const rows = () => sql.all('SELECT n FROM t ORDER BY n').map((row) => row.n);
  sql.transaction(() => {
    sql.run('INSERT INTO t VALUES (?)', 1);
    expect(() =>
      sql.transaction(() => {
        sql.run('INSERT INTO t VALUES (?)', 2);
        throw new Error('inner');
      }),
    ).toThrow('inner');
    sql.run('INSERT INTO t VALUES (?)', 3);
  });
  expect(rows()).toEqual([1, 3]);
  expect(() =>
    sql.transaction(() => {
      sql.transaction(() => sql.run('INSERT INTO t VALUES (?)', 4));
      throw new Error('outer');
    }),
  ).toThrow('outer');
  expect(rows()).toEqual([1, 3]);
});

it('the meter counts rows', () => {
  const meter = { rowsRead: 0, rowsWritten: 0 };
  const sql = openStorage(storage, meter);
  sql.run('CREATE TABLE t (n INTEGER)');
  const { rowsWritten } = meter;
  sql.run('INSERT INTO t VALUES (1), (2)');
  expect(meter.rowsWritten - rowsWritten).toBe(2);
  sql.all('SELECT n FROM t');
  expect(meter.rowsRead).toBeGreaterThanOrEqual(2);
});

it('cryptography is synchronous: a signature verifies, another text does not', () => {
  const { privateKey, publicKey } = crypt.generateKey();
  const signature = crypt.sign(privateKey, 'text');
  expect(Buffer.from(signature, 'base64url')).toHaveLength(64);
  expect(crypt.verify(publicKey, 'text', signature)).toBe(true);
  expect(crypt.verify(publicKey, 'other', signature)).toBe(false);
  expect(crypt.sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(crypt.token(32)).toMatch(/^[\w-]{43}$/);
});

it('[AUTHN4] signatures of issuers verify in each algorithm by a JWK, and by no other key or algorithm', () => {
  const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const curve = (namedCurve) => generateKeyPairSync('ec', { namedCurve });
  const [first, second] = [rsa(), rsa()];
  const pairs = { ES256: curve('P-256'), ES384: curve('P-384'), ES512: curve('P-521') };
  for (const algorithm of ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']) {
    const { privateKey, publicKey } = pairs[algorithm] ?? first;
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const how = pairs[algorithm] ? { dsaEncoding: 'ieee-p1363' } : {};
    const signature = sign(`sha${algorithm.slice(2)}`, Buffer.from('text'), { key, ...how }).toString('base64url');
    const jwk = publicKey.export({ format: 'jwk' });
    const verified = (...asked) => crypt.verifyJws(...asked);
    expect([algorithm, verified(jwk, algorithm, 'text', signature)]).toEqual([algorithm, true]);
    expect(verified(jwk, algorithm, 'other', signature)).toBe(false);
    expect(verified(jwk, algorithm, 'text', '')).toBe(false);
    if (pairs[algorithm]) continue;
    expect(verified(second.publicKey.export({ format: 'jwk' }), algorithm, 'text', signature)).toBe(false);
    expect(verified(jwk, algorithm === 'RS256' ? 'RS384' : 'RS256', 'text', signature)).toBe(false);
  }
  expect(crypt.verifyJws({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'ES256', 'text', 'AA')).toBe(false);
  expect(crypt.verifyJws({ kty: 'RSA', n: 'AA', e: 'AA' }, 'RS256', 'text', 'AA')).toBe(false);
});

it('[CTL351] signatures by RSASSA-PSS verify, and no others pass for them', () => {
  const { privateKey, publicKey, signatures } = pss;
  const bytes = Buffer.from('text');
  const verified = (digest, signature, more = {}) =>
    crypt.verifyBytes({ publicKey, digest, padding: 'pss', bytes, signature: Buffer.from(signature, 'base64'), ...more });
  for (const [digest, signature] of Object.entries(signatures)) {
    expect([digest, verified(digest, signature)]).toEqual([digest, true]);
    expect(verified(digest, signature, { bytes: Buffer.from('other') })).toBe(false);
    expect(verified(digest === 'sha256' ? 'sha384' : 'sha256', signature)).toBe(false);
    expect(verified(digest, sign(digest, bytes, privateKey).toString('base64'))).toBe(false);
  }
});

it('what is sealed opens with its own secret only, and not once it was changed', () => {
  const sealed = sealing.seal('secret', 'täxt');
  expect(sealed).toMatch(/^[\w-]+$/);
  expect(sealing.seal('secret', 'täxt') === sealed).toBe(false);
  expect(sealing.unseal('secret', sealed)).toBe('täxt');
  expect(sealing.unseal('other', sealed)).toBe(undefined);
  expect(sealing.unseal('secret', sealed.slice(0, -4) + 'AAAA')).toBe(undefined);
  expect(sealing.unseal('secret', 'short')).toBe(undefined);
});

it('chance is in [0, 1) and does not repeat itself', () => {
  const drawn = Array.from({ length: 1000 }, () => random.next());
  expect(drawn.every((x) => x >= 0 && x < 1)).toBe(true);
  expect(new Set(drawn).size).toBeGreaterThan(990);
});

export class Subject extends DurableObject {
  async fetch(request) {
    storage = this.ctx.storage;
    try {
      await tests.get(await request.text())();
      return new Response('');
    } catch (error) {
      return new Response(error.stack ?? String(error));
    }
  }
}

export default {
  async fetch(request, env) {
    if (request.method === 'GET') return Response.json([...tests.keys()]);
    const name = await request.text();
    return env.SUBJECTS.get(env.SUBJECTS.idFromName(name)).fetch('http://subject/', { method: 'POST', body: name });
  },
};
