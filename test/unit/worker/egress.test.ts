import { describe, expect, it } from 'vitest';
import { EGRESS_BYTES, EGRESS_REDIRECTS } from '../../../src/lib/limits.ts';
import { type EgressRoutes, egress } from '../../../src/worker/platform/egress.worker.ts';

type Answers = Record<string, () => Response>;

/** A world of some addresses; notes what was asked of it. */
function world(answers: Answers, inside: string[] = []) {
  const asked: { route: string; url: string; method: string; headers: Record<string, string>; body: unknown }[] = [];
  const route =
    (name: string) =>
    async (url: string, init: RequestInit = {}) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      asked.push({ route: name, url, method: init.method ?? 'GET', headers, body: init.body ?? undefined });
      const answer = answers[url];
      if (!answer) throw new Error(`nothing at ${url}`);
      return answer();
    };
  const routes: EgressRoutes = { outside: route('outside'), inside: { fetch: route('inside'), origins: new Set(inside) } };
  return { call: egress(routes), asked };
}

const to =
  (location: string, status = 302) =>
  () =>
    new Response(null, { status, headers: { location } });
const ok = () => new Response('ok');

describe('[MG54] redirects', () => {
  it('are followed, each looked at again', async () => {
    const { call, asked } = world({
      'https://a.example/': to('/b'),
      'https://a.example/b': to('https://c.example/d'),
      'https://c.example/d': ok,
    });
    expect(await (await call('https://a.example/')).text()).toBe('ok');
    expect(asked.map(({ url }) => url)).toEqual(['https://a.example/', 'https://a.example/b', 'https://c.example/d']);
  });

  it.each([
    'https://169.254.169.254/latest',
    'https://localhost/',
    'https://[::1]/',
    'https://u:p@b.example/',
    'http://b.example/',
    'file:///x',
  ])('do not lead to %s', async (target) => {
    const { call, asked } = world({ 'https://a.example/': to(target), [target]: ok });
    await expect(call('https://a.example/')).rejects.toThrow();
    expect(asked).toHaveLength(1);
  });

  it('end somewhere', async () => {
    const { call, asked } = world({ 'https://a.example/': to('/') });
    await expect(call('https://a.example/')).rejects.toThrow(`more than ${EGRESS_REDIRECTS} redirects`);
    expect(asked).toHaveLength(EGRESS_REDIRECTS + 1);
  });

  it("are the caller's own affair when it says so", async () => {
    const { call } = world({ 'https://a.example/': to('https://localhost/') });
    expect((await call('https://a.example/', { redirect: 'manual' })).status).toBe(302);
    await expect(call('https://a.example/', { redirect: 'error' })).rejects.toThrow('not expected');
  });

  it('take no secrets to another site', async () => {
    const { call, asked } = world({
      'https://a.example/': to('https://b.example/'),
      'https://b.example/': to('https://a.example/x'),
      'https://a.example/x': ok,
    });
    await call('https://a.example/', { headers: { authorization: 'Bearer x', cookie: 'y', accept: 'z' } });
    expect(asked[0].headers).toEqual({ authorization: 'Bearer x', cookie: 'y', accept: 'z' });
    expect(asked[1].headers).toEqual({ accept: 'z' });
    expect(asked[2].headers).toEqual({ accept: 'z' });
  });

  it('take a body along within a site only, and as a GET leave it behind', async () => {
    const post = { method: 'POST', body: 'secret', headers: { 'content-type': 'text/plain' } };
    const other = world({ 'https://a.example/': to('https://b.example/', 307), 'https://b.example/': ok });
    await expect(other.call('https://a.example/', post)).rejects.toThrow('another site');
    const same = world({ 'https://a.example/': to('/b', 308), 'https://a.example/b': ok });
    await same.call('https://a.example/', post);
    expect(same.asked[1]).toMatchObject({ method: 'POST', body: 'secret' });
    const get = world({ 'https://a.example/': to('https://b.example/', 303), 'https://b.example/': ok });
    await get.call('https://a.example/', post);
    expect(get.asked[1]).toMatchObject({ method: 'GET', body: undefined, headers: {} });
  });
});

describe('[MG55] what the operator named', () => {
  const issuer = 'http://localhost:9000';

  it('is reached wherever it is, and nothing beside it', async () => {
    const { call, asked } = world({ [`${issuer}/x`]: ok, 'https://a.example/': ok }, [issuer]);
    await call(`${issuer}/x`);
    await call('https://a.example/');
    expect(asked.map(({ route }) => route)).toEqual(['inside', 'outside']);
    for (const url of ['http://localhost:9001/', 'https://localhost:9000/', 'http://127.0.0.1:9000/']) {
      await expect(call(url)).rejects.toThrow();
    }
    expect(asked).toHaveLength(2);
  });

  it('is not reached by a redirect from elsewhere, and leads to nothing else inside', async () => {
    const there = world({ 'https://a.example/': to(`${issuer}/x`), [`${issuer}/x`]: ok }, [issuer]);
    await expect(there.call('https://a.example/')).rejects.toThrow();
    expect(there.asked).toHaveLength(1);
    const back = world({ [`${issuer}/x`]: to('http://localhost:9001/') }, [issuer]);
    await expect(back.call(`${issuer}/x`)).rejects.toThrow();
    expect(back.asked).toHaveLength(1);
    const around = world(
      { [`${issuer}/x`]: to('https://a.example/'), 'https://a.example/': to(`${issuer}/y`), [`${issuer}/y`]: ok },
      [issuer],
    );
    await expect(around.call(`${issuer}/x`)).rejects.toThrow();
    expect(around.asked.map(({ route }) => route)).toEqual(['inside', 'outside']);
  });
});

describe('[MG56] bounds', () => {
  it('an answer ends where it becomes too large', async () => {
    const chunk = new Uint8Array(64 * 1024);
    const endless = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
    const told = () => new Response('x', { headers: { 'content-length': `${EGRESS_BYTES + 1}` } });
    const { call } = world({ 'https://a.example/': endless, 'https://b.example/': told, 'https://c.example/': ok });
    await expect((await call('https://a.example/')).arrayBuffer()).rejects.toThrow('more than');
    await expect(call('https://b.example/')).rejects.toThrow('more than');
    expect(await (await call('https://c.example/')).text()).toBe('ok');
  });

  it('a caller can give up', async () => {
    const controller = new AbortController();
    const call = egress({
      outside: (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    });
    const answer = call('https://a.example/', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
  });
});
