import { beforeAll, describe, expect, it } from 'vitest';
import { documentOf } from '../../../src/management/http/document.ts';
import { PROBLEM_CODES, PROBLEMS } from '../../../src/management/http/errors.ts';
import { BODY_BYTES } from '../../../src/management/limits.ts';
import { problemPage } from '../../../src/management/problems/page.ts';
import { makeManagement, OPERATOR, ORIGIN } from './world.ts';

const world = makeManagement();
const { app, call } = world;
let token: string;

beforeAll(async () => {
  token = (await world.account('one')).token;
  await call(token, 'POST', '/v1/accounts/self/clusters', { name: 'demo' });
});

/** A request as it is, without what `call` does for it. */
async function raw(bearer: string | undefined, method: string, path: string, init: RequestInit = {}) {
  const headers = new Headers({ host: 'atoll.test', ...(init.headers as Record<string, string>) });
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`);
  const answer = await app.request(`${ORIGIN}${path}`, { ...init, method, headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const refusal = ({ status, headers, text }: Awaited<ReturnType<typeof raw>>) => {
  expect(headers.get('content-type')).toBe('application/problem+json');
  const { code, type, status: told, detail } = JSON.parse(text) as Record<string, string>;
  expect({ type, told }).toEqual({ type: `${ORIGIN}/v1/problems/${code}`, told: status });
  return { status, code, detail };
};

const CLUSTERS = '/v1/accounts/self/clusters';

/** Every route that takes a body, at addresses that the gate lets through, with somebody whom it lets in. */
const withBodies = Object.entries(documentOf(app).paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { operationId, requestBody, 'x-atoll-guard': guard }]) => {
    const { requires, allowOperator } = guard as { requires: string; allowOperator?: boolean };
    if (!requestBody || requires === 'person') return [];
    const at = path
      .replace('{account}', 'self')
      .replace('{cluster}', 'demo')
      .replace(/\{\w+\}/g, 'none');
    const by =
      requires === 'public'
        ? 'nobody'
        : ['person-or-operator', 'operator'].includes(requires) && !allowOperator
          ? 'operator'
          : 'owner';
    return path.includes('{account}') && by === 'operator'
      ? []
      : [{ operationId, method: method.toUpperCase(), at, by, types: Object.keys(requestBody.content) }];
  }),
);
const bearerOf = (by: string) => ({ nobody: undefined, operator: OPERATOR, owner: token })[by];

describe('[MG101] a body', () => {
  it.each(withBodies)('of $operationId must be of a type that it takes', async ({ method, at, by }) => {
    const wrong = await raw(bearerOf(by), method, at, { headers: { 'content-type': 'text/plain' }, body: '{}' });
    expect(refusal(wrong)).toMatchObject({ status: 415, code: 'unsupported-media-type' });
    const none = await raw(bearerOf(by), method, at, { body: new Uint8Array([123, 125]) });
    expect(refusal(none)).toMatchObject({ status: 415, detail: expect.stringMatching(/^the body has no type: send /) });
  });

  it.each(withBodies.filter(({ types }) => types[0] === 'application/json'))(
    'of $operationId must be JSON',
    async ({ method, at, by }) => {
      for (const body of ['{', '', 'null', '[]', '"text"', '\u0000']) {
        const answer = await raw(bearerOf(by), method, at, {
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body,
        });
        expect(refusal(answer), body).toMatchObject({ status: 400, code: 'invalid-request' });
      }
    },
  );

  it('has a bounded size, whether it says so before or not', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(BODY_BYTES) });
    const headers = { 'content-type': 'application/json' };
    const told = await raw(token, 'POST', CLUSTERS, { headers: { ...headers, 'content-length': String(body.length) }, body });
    expect(refusal(told)).toMatchObject({ status: 413, code: 'too-large' });
    const stream = new Blob([body]).stream();
    const chunked = await raw(token, 'POST', CLUSTERS, { headers, body: stream, duplex: 'half' } as RequestInit);
    expect(refusal(chunked)).toMatchObject({ status: 413, code: 'too-large' });
  });

  it('names the field that is wrong', async () => {
    const answer = await call(token, 'POST', CLUSTERS, { name: 'demo', nodes: -1 });
    expect(answer.body).toMatchObject({ code: 'invalid-request', detail: expect.stringMatching(/^nodes: /) });
    const unknown = await call(token, 'POST', CLUSTERS, { name: 'demo', size: 1 });
    expect(unknown.body).toMatchObject({ code: 'invalid-request', detail: expect.stringContaining('size') });
  });
});

describe('[MG101] an address', () => {
  it('says which methods it takes', async () => {
    const answer = await raw(undefined, 'PUT', CLUSTERS);
    expect(refusal(answer)).toEqual({
      status: 405,
      code: 'method-not-allowed',
      detail: `PUT is not for ${CLUSTERS}: it takes GET, HEAD, POST`,
    });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await raw(undefined, 'GET', '/v1/accounts/self/leave')).headers.get('allow')).toBe('POST');
  });

  it('is not asked from other sites: OPTIONS has no CORS to tell of', async () => {
    const answer = await raw(undefined, 'OPTIONS', CLUSTERS);
    expect(refusal(answer)).toMatchObject({ status: 405 });
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('answers HEAD as GET, without the body', async () => {
    const answer = await raw(token, 'HEAD', '/v1/me');
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([200, '', 'application/json']);
    expect((await raw(undefined, 'HEAD', '/v1/me')).status).toBe(401);
  });

  it.each([
    '/v1',
    '/v1/',
    '/v1/me/',
    '//v1/me',
    '/V1/me',
    '/v1/nothing',
    '/v2/me',
    '/v1/%zz',
    '/v1/%E0%A4%A',
    '/v1/accounts/self/clusters/',
  ])('that is none is not found: %s', async (path) => {
    expect(refusal(await raw(token, 'GET', path))).toMatchObject({ status: 404, code: 'not-found' });
    expect(refusal(await raw(undefined, 'DELETE', path))).toMatchObject({ status: 404, code: 'not-found' });
  });

  it('that is wrongly encoded is nobody else', async () => {
    for (const id of ['%E0%A4%A', '%', '%00', '..%2f', '%ff']) {
      const answer = await raw(token, 'GET', `/v1/accounts/${id}/clusters`);
      expect(refusal(answer), id).toMatchObject({ status: 404, code: 'not-found' });
    }
    expect(refusal(await raw(token, 'GET', `${CLUSTERS}?limit=%E0`))).toMatchObject({ status: 400, code: 'invalid-request' });
    expect(refusal(await raw(token, 'GET', `${CLUSTERS}?after=%`))).toMatchObject({ status: 400, code: 'invalid-request' });
  });

  it('without a token says which sort it wants', async () => {
    const answer = await raw(undefined, 'GET', '/v1/me');
    expect(refusal(answer)).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('[MG102] the page of a code', () => {
  it.each(PROBLEM_CODES)('%s: Markdown for programs, a page for browsers', async (code) => {
    const plain = await raw(undefined, 'GET', `/v1/problems/${code}`);
    expect(plain.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(plain.text).toBe(problemPage(code, ORIGIN));
    const page = await raw(undefined, 'GET', `/v1/problems/${code}`, { headers: { accept: 'text/html,*/*' } });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.text).toContain(`<h1>${PROBLEMS[code].title.replaceAll("'", '&#39;')}</h1>`);
  });

  it('can be linked to from anywhere, and is read by nobody else', async () => {
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await raw(undefined, 'GET', '/v1/problems/not-found', { headers: visit })).status).toBe(200);
    const script = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    expect((await raw(undefined, 'GET', '/v1/problems/not-found', { headers: script })).status).toBe(403);
  });

  it('that is none is not found, and does not tell what was asked', async () => {
    const answer = refusal(await raw(undefined, 'GET', '/v1/problems/%3Cscript%3E'));
    expect(answer).toEqual({ status: 404, code: 'not-found', detail: 'there is no such code' });
  });
});

describe('[MG103] a field', () => {
  const CLUSTERS = '/v1/accounts/self/clusters';
  it.each([
    [{ name: 'a', port: 70_000 }, 'port: is at most 65535'],
    [{ name: 'a', port: 0 }, 'port: is at least 1'],
    [{ name: 'a', port: 'x' }, 'port: is no number'],
    [{ name: 'a', expiresIn: 1.5 }, 'expiresIn: is no int'],
    [{}, 'name: is missing'],
    [{ name: 'x'.repeat(300) }, 'name: has at most 63 characters'],
    [{ name: 'a', labels: { 'bad key!': 'x' } }, 'labels.bad key!: is no label key'],
    [{ name: 'a', labels: { key: '!' } }, 'labels.key: is no label value'],
    [{ name: 'a', apiOnly: 'yes' }, 'apiOnly: is no boolean'],
  ])('that is wrong is told: %j', async (json, detail) => {
    expect(
      refusal(
        await raw(token, 'POST', CLUSTERS, { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
      ),
    ).toEqual({
      status: 400,
      code: 'invalid-request',
      detail,
    });
  });
});
