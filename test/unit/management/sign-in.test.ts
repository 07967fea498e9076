import { describe, expect, it } from 'vitest';
import { SIGN_IN_MS } from '../../../src/management/limits.ts';
import { identityOf } from '../../../src/management/people/oidc.ts';
import { Browser } from '../../host/browser.ts';
import { problem } from './people-world.ts';
import { CALLBACK, PEOPLE, withIssuers } from './sign-in-world.ts';
import { makeManagement, ORIGIN } from './world.ts';

const { issuers, makeWorld } = withIssuers();

describe('[MG1] signing in', () => {
  it('leads through the issuer and back, with code, PKCE, state and nonce; the ID token is checked with its keys', async () => {
    const { browser, begin, logIn, asked, call, poll } = makeWorld();
    const b = browser();
    const begun = await begin({ device_name: 'laptop' });
    await b.visit(begun.verification_uri_complete);
    await b.follow(/Sign in with First/);
    const there = new URL(b.trail.find((url) => url.startsWith(`${issuers.first.url}/auth?`)) ?? '');
    const parameters = Object.fromEntries(there.searchParams);
    expect(parameters).toMatchObject({
      client_id: 'atoll',
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    await logIn(b, 'alice');
    expect(b.page.url).toBe(`${ORIGIN}/device?user_code=${begun.user_code}`);
    expect(asked).toEqual(['/.well-known/openid-configuration', '/.well-known/openid-configuration', '/token', '/jwks', '/me']);
    await b.submit({ decision: 'approve' });
    const { access_token: session } = (await poll(begun.device_code)).body;
    expect((await call(session, 'GET', '/v1/me')).body).toMatchObject({
      type: 'person',
      name: 'alice@example.test',
      accounts: [],
    });
  });

  it('works with several issuers, with a client secret, and with claims in the ID token', async () => {
    const { signIn, call, raw } = makeWorld();
    const names: string[] = [];
    for (const issuer of ['First', 'Second &amp; last']) {
      const { session } = await signIn('alice', { issuer });
      names.push((await call(session, 'GET', '/v1/me')).body.id);
    }
    // The same subject of two issuers is two people.
    expect(new Set(names).size).toBe(2);
    expect(raw.prepare('SELECT issuer, subject, email FROM people ORDER BY created_at, rowid').all()).toEqual([
      { issuer: issuers.first.url, subject: 'alice', email: 'alice@example.test' },
      { issuer: issuers.second.url, subject: 'alice', email: 'alice@example.test' },
    ]);
  });

  it('meets the same person again, as the issuer knows them now', async () => {
    const { signIn, call, raw } = makeWorld();
    const one = await signIn('bob');
    const two = await signIn('bob');
    expect((await call(one.session, 'GET', '/v1/me')).body.id).toBe((await call(two.session, 'GET', '/v1/me')).body.id);
    PEOPLE.bob.email_verified = true;
    try {
      const three = await signIn('bob');
      expect((await call(three.session, 'GET', '/v1/me')).body.name).toBe('bob@example.test');
    } finally {
      PEOPLE.bob.email_verified = false;
    }
    await signIn('bob');
    expect(raw.prepare('SELECT email FROM people').all()).toEqual([{ email: null }]);
  });

  it('tells what the issuer said when it is cancelled', async () => {
    const { begin, browser } = makeWorld();
    const b = browser();
    await b.visit((await begin()).verification_uri_complete);
    await b.follow(/Sign in with First/);
    await b.follow(/Cancel/);
    expect([b.page.status, b.page.text]).toEqual([400, expect.stringContaining('First answered access_denied')]);
    expect(b.cookie('atoll.test', '__Host-atoll-session')).toBeUndefined();
  });

  it('can be done again as somebody else', async () => {
    const { signIn, begin, logIn, poll, call } = makeWorld();
    const { b } = await signIn('alice');
    const begun = await begin();
    await b.visit(begun.verification_uri_complete);
    expect(b.page.text).toContain('Approve this device?');
    await b.follow(/Somebody else/);
    expect(b.trail.some((url) => url.includes('prompt=login'))).toBe(true);
    await logIn(b, 'carol');
    await b.submit({ decision: 'approve' });
    const { access_token: session } = (await poll(begun.device_code)).body;
    expect((await call(session, 'GET', '/v1/me')).body.name).toBe(`${issuers.first.url}#carol`);
  });

  it('is off without an issuer', async () => {
    const { call } = makeManagement();
    const begun = await call(undefined, 'POST', '/v1/auth/device', 'client_id=x', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(problem(begun)).toEqual([404, 'sign-in-off']);
    expect(problem(await call(undefined, 'GET', '/device'))).toEqual([404, 'sign-in-off']);
    expect(problem(await call(undefined, 'GET', '/v1/auth/sign-in?issuer=x'))).toEqual([404, 'sign-in-off']);
    expect((await call(undefined, 'GET', '/v1/auth/issuers')).body).toEqual({ items: [] });
  });
});

describe('[MG2] a sign-in', () => {
  /** Stops a browser on its way back from the issuer, with what it would have brought. */
  async function onTheWayBack() {
    const world = makeWorld();
    const b = world.browser();
    await b.visit(`${ORIGIN}/v1/auth/sign-in?issuer=First`);
    const stop = new Error('stopped');
    const stopped = new Browser((url, init) => {
      if (url.startsWith(ORIGIN)) throw stop;
      return fetch(url, { ...init, redirect: 'manual' });
    });
    for (const [host, jar] of b.cookies) stopped.cookies.set(host, jar);
    stopped.page = b.page;
    await world.logIn(stopped, 'alice').catch((error: unknown) => expect(error).toBe(stop));
    const back = stopped.trail.at(-1) ?? '';
    expect(back).toMatch(new RegExp(`^${CALLBACK}\\?code=`));
    return { ...world, b, back };
  }
  const refused = async (b: Browser, url: string) => {
    await b.visit(url);
    expect([b.page.status, b.page.text]).toEqual([400, expect.stringContaining('this browser did not begin this sign-in')]);
    expect(b.cookie('atoll.test', '__Host-atoll-session')).toBeUndefined();
  };

  it('belongs to the browser that began it', async () => {
    const { b, back, browser } = await onTheWayBack();
    await refused(browser(), back);
    const other = browser();
    await other.visit(`${ORIGIN}/v1/auth/sign-in?issuer=First`);
    await refused(other, back);
    expect((await b.visit(back)).status).toBe(200);
    expect(b.page.url).toBe(`${ORIGIN}/device`);
  });

  it('works once', async () => {
    const { b, back } = await onTheWayBack();
    expect((await b.visit(back)).status).toBe(200);
    b.cookies.get('atoll.test')?.delete('__Host-atoll-session');
    await refused(b, back);
  });

  it('works within its time', async () => {
    const { b, back, clock } = await onTheWayBack();
    clock.now += SIGN_IN_MS;
    await refused(b, back);
  });

  it('needs the state and the code that it was given', async () => {
    const { b, back } = await onTheWayBack();
    const url = new URL(back);
    url.searchParams.set('state', `${url.searchParams.get('state')}x`);
    await refused(b, url.href);
    await refused(b, CALLBACK);
    const forged = new URL(back);
    forged.searchParams.set('code', 'made-up');
    await b.visit(forged.href);
    expect([b.page.status, b.page.text]).toEqual([400, expect.stringContaining('invalid_grant')]);
  });

  it('leaves nothing in the database that completes it', async () => {
    const { raw, back, b } = await onTheWayBack();
    const rows = JSON.stringify(raw.prepare('SELECT * FROM sign_ins').all());
    const { searchParams } = new URL(back);
    const sent = new URL(b.trail.find((url) => url.startsWith(`${issuers.first.url}/auth?`)) ?? '').searchParams;
    const secrets = [
      searchParams.get('state'),
      sent.get('nonce'),
      sent.get('code_challenge'),
      b.cookie('atoll.test', '__Host-atoll-browser'),
    ];
    for (const secret of secrets) expect(rows).not.toContain(secret);
  });
});

describe('[MG3] who somebody is', () => {
  it('is what the issuer verified, else their subject; never what they call themselves', async () => {
    const { signIn, call } = makeWorld();
    const name = async (login: string) => (await call((await signIn(login)).session, 'GET', '/v1/me')).body.name;
    expect(await name('bob')).toBe(`${issuers.first.url}#bob`);
    expect(await name('carol')).toBe(`${issuers.first.url}#carol`);
  });

  const issuer = { issuer: 'https://issuer.test', clientId: 'x', name: 'Issuer', scopes: [] };
  it.each([
    [
      { sub: 'a', email: 'A@B.test', email_verified: true },
      { subject: 'a', email: 'a@b.test', name: 'a@b.test' },
    ],
    [
      { sub: 'a', email: 'a@b.test', email_verified: 'true' },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', email: 'a@b.test' },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', email: 'system:admin', email_verified: true },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', email: 'a@b@c', email_verified: true },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', email: ['a@b.test'], email_verified: true },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', email: `${'x'.repeat(250)}@b.test`, email_verified: true },
      { subject: 'a', name: 'a' },
    ],
    [
      { sub: 'a', name: ' \u0000Ann\u200b \n' },
      { subject: 'a', name: 'Ann' },
    ],
    [
      { sub: 'a', name: 'x'.repeat(300) },
      { subject: 'a', name: 'x'.repeat(200) },
    ],
    [
      { sub: 'a', name: '\u202e', preferred_username: 'ann' },
      { subject: 'a', name: 'ann' },
    ],
  ])('%j is %j', (claims, expected) => expect(identityOf(issuer, claims)).toEqual(expected));

  it.each(['', 'x'.repeat(256), 'a b', 'a\n', 'ä'])('a subject like %j is none', (sub) => {
    expect(() => identityOf(issuer, { sub })).toThrow('names a subject that is none');
  });
});
