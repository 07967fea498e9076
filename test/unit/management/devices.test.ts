import * as oauth from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { DEVICE_POLL_SECONDS, SIGN_IN_MS, SIGN_INS_OPEN } from '../../../src/management/limits.ts';
import { Browser } from '../../host/browser.ts';
import { problem } from './people-world.ts';
import { CALLBACK, withIssuers } from './sign-in-world.ts';
import { ORIGIN } from './world.ts';

const { makeWorld } = withIssuers();

describe('[MG4] a device', () => {
  it('is signed in as any OAuth client does it (RFC 8628)', async () => {
    const { app, browser, logIn, clock, call } = makeWorld();
    const server: oauth.AuthorizationServer = {
      issuer: ORIGIN,
      device_authorization_endpoint: `${ORIGIN}/v1/auth/device`,
      token_endpoint: `${ORIGIN}/v1/auth/device/token`,
    };
    const client = { client_id: 'somebody-elses' };
    const options = {
      [oauth.customFetch]: (url: string, init: object) =>
        Promise.resolve(
          app.request(url, { ...init, headers: { ...(init as { headers: object }).headers, host: 'atoll.test' } } as RequestInit),
        ),
    };
    const answer = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), { scope: 'openid' }, options);
    const begun = await oauth.processDeviceAuthorizationResponse(server, client, answer);
    expect(begun).toMatchObject({
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{5}-[BCDFGHJKLMNPQRSTVWXZ]{5}$/),
      verification_uri: `${ORIGIN}/device`,
      expires_in: 900,
      interval: DEVICE_POLL_SECONDS,
    });
    const ask = async () => {
      clock.now += DEVICE_POLL_SECONDS * 1000;
      const response = await oauth.deviceCodeGrantRequest(server, client, oauth.None(), begun.device_code, options);
      return oauth.processDeviceCodeResponse(server, client, response).catch((error: oauth.ResponseBodyError) => error.error);
    };
    expect(await ask()).toBe('authorization_pending');
    const b = browser();
    // Typed by hand, as people type.
    await b.visit(begun.verification_uri);
    await b.follow(/Sign in with First/);
    await logIn(b, 'alice');
    await b.submit({ user_code: begun.user_code.toLowerCase().replace('-', ' ') });
    expect(b.page.text).toContain(begun.user_code);
    expect(await ask()).toBe('authorization_pending');
    await b.submit({ decision: 'approve' });
    expect(b.page.text).toContain('The device is signed in');
    const token = (await ask()) as oauth.TokenEndpointResponse;
    expect(token).toMatchObject({
      token_type: 'bearer',
      expires_in: 30 * 86_400,
      access_token: expect.stringMatching(/^atolls_/),
    });
    expect((await call(token.access_token, 'GET', '/v1/me')).status).toBe(200);
    expect(await ask()).toBe('invalid_grant');
  });

  it('is told to slow down, and when it was denied, too slow, or unknown', async () => {
    const { begin, poll, signIn, clock } = makeWorld();
    const { b } = await signIn('alice');
    const error = async (code: string) => {
      const answer = await poll(code);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
      return answer.body.error;
    };
    const { device_code: code, verification_uri_complete: page } = await begin();
    expect(await error(code)).toBe('authorization_pending');
    clock.now += 1000;
    expect(await error(code)).toBe('slow_down');
    clock.now += DEVICE_POLL_SECONDS * 1000;
    expect(await error(code)).toBe('authorization_pending');
    await b.visit(page);
    await b.submit({ decision: 'deny' });
    expect(b.page.text).toContain('The device was denied');
    expect(await error(code)).toBe('access_denied');
    const late = await begin();
    clock.now += SIGN_IN_MS;
    expect(await error(late.device_code)).toBe('expired_token');
    expect(await error(`${late.device_code.slice(0, -1)}!`)).toBe('invalid_grant');
    expect(await error('')).toBe('invalid_grant');
  });

  it('gets one session, however many ask at the same moment', async () => {
    const { begin, poll, signIn, raw } = makeWorld();
    const { b } = await signIn('alice');
    const { device_code: code, verification_uri_complete: page } = await begin();
    await b.visit(page);
    await b.submit({ decision: 'approve' });
    const before = raw.prepare('SELECT count(*) AS n FROM sessions').get() as { n: number };
    const answers = await Promise.all([1, 2, 3].map(() => poll(code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    expect(raw.prepare('SELECT count(*) AS n FROM sessions').get()).toEqual({ n: before.n + 1 });
  });

  it('is refused in words when it asks wrongly', async () => {
    const { form, call } = makeWorld();
    const token = async (fields: Record<string, string>) => (await form('/v1/auth/device/token', fields)).body.error;
    expect(await token({})).toBe('invalid_request');
    expect(await token({ grant_type: 'password', device_code: 'x' })).toBe('unsupported_grant_type');
    expect(problem(await call(undefined, 'POST', '/v1/auth/device/token', {}))).toEqual([415, 'unsupported-media-type']);
    for (const fields of [
      { device_name: '' },
      { device_name: 'x'.repeat(101) },
      { device_name: 'a\u0000b' },
      { device_name: 'a\u202eb' },
    ]) {
      expect(problem(await form('/v1/auth/device', fields))).toEqual([400, 'invalid-request']);
    }
    expect((await form('/v1/auth/device', { issuer: 'Nobody' })).body.detail).toBe('issuer: there is none named "Nobody"');
  });

  it('[MG14] waits with at most so many others; what is over makes room', async () => {
    const { form, raw, clock } = makeWorld();
    const insert = raw.prepare(
      "INSERT INTO sign_ins (id, name, status, created_at, expires_at) VALUES (?, 'x', 'pending', 0, ?)",
    );
    raw.exec('BEGIN');
    for (let i = 0; i < SIGN_INS_OPEN; i++) insert.run(`s${i}`, clock.now + 1000);
    raw.exec('COMMIT');
    const answer = await form('/v1/auth/device', {});
    expect([...problem(answer), answer.headers.get('retry-after')]).toEqual([429, 'rate-limited', '60']);
    clock.now += 1000;
    expect((await form('/v1/auth/device', {})).status).toBe(200);
    clock.now += SIGN_IN_MS;
    expect((await form('/v1/auth/device', {})).status).toBe(200);
    expect(raw.prepare('SELECT count(*) AS n FROM sign_ins').get()).toEqual({ n: 2 });
  });
});

describe('[MG5] the pages', () => {
  it('show what others named without believing it, run nothing, and cannot be framed', async () => {
    const { begin, browser, logIn } = makeWorld();
    const b = browser();
    await b.visit((await begin({ device_name: '<img src=x onerror=alert(1)>"\'' })).verification_uri_complete);
    expect(b.page.text).toContain('Second &amp; last');
    await b.follow(/Sign in with First/);
    await logIn(b, 'alice');
    expect(b.page.text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;');
    expect(b.page.text).toContain('Alice &lt;script&gt;');
    expect(b.page.text).not.toMatch(/<script|<img/);
    const policy = b.page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'nonce-[\w-]{22}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    );
    expect(b.page.text).toContain(`<style nonce="${/nonce-([\w-]+)/.exec(policy)?.[1]}">`);
    expect(Object.fromEntries(b.page.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
    });
    await b.visit(`${ORIGIN}/device?user_code=%3Cb%3E`);
    expect([b.page.status, b.page.text.includes('<b>')]).toEqual([400, false]);
    await b.visit(`${CALLBACK}?state=%3Cb%3E&error=%3Cb%3E`);
    expect([b.page.status, b.page.text.includes('<b>')]).toEqual([400, false]);
  });

  it('take a decision from their own form and sign-in only', async () => {
    const { begin, poll, signIn, form } = makeWorld();
    const { b } = await signIn('alice');
    const { b: eve } = await signIn('carol');
    const mine = await begin();
    const other = await begin();
    await b.visit(mine.verification_uri_complete);
    const csrf = /name="csrf" value="(\w+)"/.exec(b.page.text)?.[1] ?? '';
    const cookieOf = (browser: Browser) => `__Host-atoll-session=${browser.cookie('atoll.test', '__Host-atoll-session')}`;
    const send = async (fields: Record<string, string>, cookie = cookieOf(b), more: Record<string, string> = {}) =>
      problem(
        await form(
          '/device',
          { user_code: mine.user_code, csrf, decision: 'approve', ...fields },
          { origin: ORIGIN, cookie, ...more },
        ),
      );
    expect(await send({ csrf: 'x' })).toEqual([403, 'foreign-origin']);
    expect(await send({ user_code: other.user_code })).toEqual([403, 'foreign-origin']);
    expect(await send({}, cookieOf(eve))).toEqual([403, 'foreign-origin']);
    expect(await send({}, '')).toEqual([401, 'unauthenticated']);
    expect(await send({}, cookieOf(b), { origin: 'https://evil.test' })).toEqual([403, 'foreign-origin']);
    expect(await send({}, cookieOf(b), { 'sec-fetch-site': 'cross-site' })).toEqual([403, 'foreign-origin']);
    expect(await send({ decision: 'maybe' })).toEqual([400, 'invalid-request']);
    expect((await poll(mine.device_code)).body.error).toBe('authorization_pending');
    await b.submit({ decision: 'approve' });
    expect(b.page.status).toBe(200);
    expect(await send({})).toEqual([409, 'conflict']);
  });

  it('keep their cookies to themselves, and no cookie opens the API', async () => {
    const { begin, app, logIn, call } = makeWorld();
    const lines: string[] = [];
    const b = new Browser(async (url, init) => {
      const answer = url.startsWith(ORIGIN) ? await app.request(url, init) : await fetch(url, { ...init, redirect: 'manual' });
      if (url.startsWith(ORIGIN)) lines.push(...answer.headers.getSetCookie());
      return answer;
    });
    await b.visit((await begin()).verification_uri_complete);
    await b.follow(/Sign in with First/);
    await logIn(b, 'alice');
    expect(lines.map((line) => line.slice(0, line.indexOf('=')))).toEqual(['__Host-atoll-browser', '__Host-atoll-session']);
    for (const line of lines) expect(line).toMatch(/; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const cookie = `__Host-atoll-session=${b.cookie('atoll.test', '__Host-atoll-session')}`;
    for (const path of ['/v1/me', '/v1/sessions', '/v1/accounts']) {
      expect(problem(await call(undefined, 'GET', path, undefined, { cookie }))).toEqual([401, 'unauthenticated']);
    }
  });

  it('[MG13] open to a browser that comes by a link, under a name of ours', async () => {
    const { app } = makeWorld();
    const visit = async (path: string, headers: Record<string, string>) =>
      (await app.request(`${ORIGIN}${path}`, { headers: { host: 'atoll.test', ...headers } })).status;
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(await visit('/device', link)).toBe(200);
    expect(await visit('/device', { ...link, 'sec-fetch-dest': 'iframe' })).toBe(403);
    expect(await visit('/device', { ...link, 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await visit('/v1/auth/issuers', link)).toBe(403);
    for (const host of ['rebound.test', 'atoll.test.evil.test', '127.0.0.1', '']) {
      for (const one of [link, { cookie: 'a=b' }, { 'sec-fetch-mode': 'navigate' }, { origin: `https://${host}` }]) {
        expect(await visit('/device', { ...one, host } as Record<string, string>)).toBe(403);
      }
    }
    expect(await visit('/device', { ...link, host: 'ATOLL.test:8443' })).toBe(200);
  });
});
