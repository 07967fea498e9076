import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeManagement, ORIGIN } from './world.ts';

const ISSUER = 'https://issuer.test';
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Lie {
  /** Changes of the claims; a function is given the honest ones. */
  claims?: (honest: Record<string, unknown>) => Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: 'own' | 'foreign' | 'secret' | 'none';
  metadata?: Record<string, unknown>;
  userinfo?: Record<string, unknown>;
  /** Instead of the answer of this endpoint. */
  instead?: Record<string, () => Response | Promise<Response>>;
}

function jwt(claims: object, { header = {}, key = 'own' }: Lie): string {
  const text = `${encode({ alg: 'RS256', kid: 'k', typ: 'JWT', ...header })}.${encode(claims)}`;
  if (key === 'none') return `${text}.`;
  if (key === 'secret') return `${text}.${createHmac('sha256', 'client secret').update(text).digest('base64url')}`;
  return `${text}.${sign('sha256', Buffer.from(text), key === 'own' ? own.privateKey : foreign.privateKey).toString('base64url')}`;
}

/** Goes to an issuer that lies in one thing, and comes back. */
async function come(lie: Lie) {
  let nonce = '';
  const json = (value: object, status = 200) => Response.json(value, { status });
  const answers: Record<string, () => Response | Promise<Response>> = {
    '/.well-known/openid-configuration': () =>
      json({
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/auth`,
        token_endpoint: `${ISSUER}/token`,
        jwks_uri: `${ISSUER}/jwks`,
        userinfo_endpoint: `${ISSUER}/userinfo`,
        ...lie.metadata,
      }),
    '/jwks': () => json({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' }] }),
    '/userinfo': () => json({ sub: 'alice', email: 'alice@issuer.test', email_verified: true, ...lie.userinfo }),
    '/token': () => {
      const now = Math.floor(Date.now() / 1000);
      const honest = { iss: ISSUER, sub: 'alice', aud: 'atoll', iat: now, exp: now + 300, nonce };
      return json({ access_token: 'x', token_type: 'Bearer', id_token: jwt(lie.claims?.(honest) ?? honest, lie) });
    },
    ...lie.instead,
  };
  const { app, clock, raw } = makeManagement({
    url: ORIGIN,
    issuers: [{ issuer: ISSUER, clientId: 'atoll', name: 'Issuer', scopes: [] }],
    fetch: async (url) => answers[new URL(url).pathname](),
  });
  clock.now = Date.now();
  const visit = (path: string, cookie = '') => app.request(`${ORIGIN}${path}`, { headers: { host: 'atoll.test', cookie } });
  const away = await visit('/v1/auth/sign-in?issuer=Issuer');
  if (away.status !== 302)
    return { ...((await away.json()) as { code: string; detail: string }), status: away.status, people: 0 };
  const there = new URL(away.headers.get('location') ?? '');
  nonce = there.searchParams.get('nonce') ?? '';
  const back = `/v1/auth/callback?code=c&state=${there.searchParams.get('state')}&iss=${encodeURIComponent(ISSUER)}`;
  const answer = await visit(back, (away.headers.getSetCookie()[0] ?? '').split(';')[0]);
  const people = raw.prepare('SELECT count(*) AS n FROM people').get() as { n: number };
  const problem = answer.status === 302 ? { code: '', detail: '' } : ((await answer.json()) as { code: string; detail: string });
  return { status: answer.status, people: people.n, ...problem };
}

const now = Math.floor(Date.now() / 1000);
const without = (name: string) => (claims: Record<string, unknown>) => ({ ...claims, [name]: undefined });

describe('[MG1] an ID token', () => {
  it('counts when all of it holds', async () => {
    expect(await come({})).toMatchObject({ status: 302, people: 1 });
  });

  it.each<[string, Lie]>([
    ['signed by somebody else', { key: 'foreign' }],
    ['signed by a key that the issuer does not list', { key: 'foreign', header: { kid: 'other' } }],
    ['without a signature', { key: 'none', header: { alg: 'none' } }],
    ['signed with a shared secret', { key: 'secret', header: { alg: 'HS256' } }],
    ['of another issuer', { claims: (c) => ({ ...c, iss: 'https://evil.test' }) }],
    ['for another client', { claims: (c) => ({ ...c, aud: 'other' }) }],
    ['for several clients, and not presented by us', { claims: (c) => ({ ...c, aud: ['atoll', 'other'], azp: 'other' }) }],
    ['of another sign-in', { claims: (c) => ({ ...c, nonce: 'other' }) }],
    ['of no sign-in', { claims: without('nonce') }],
    ['that has expired', { claims: (c) => ({ ...c, iat: now - 900, exp: now - 600 }) }],
    ['that never expires', { claims: without('exp') }],
    ['of the future', { claims: (c) => ({ ...c, nbf: now + 600 }) }],
    ['of nobody', { claims: without('sub') }],
    ['of a subject that is none', { claims: (c) => ({ ...c, sub: 'a\nb' }) }],
    ['whose userinfo is of another person', { userinfo: { sub: 'mallory' } }],
    ['that is missing', { instead: { '/token': () => Response.json({ access_token: 'x', token_type: 'Bearer' }) } }],
    ['in an answer that is no JSON', { instead: { '/token': () => new Response('<html>') } }],
    ['that is refused', { instead: { '/token': () => Response.json({ error: 'invalid_grant' }, { status: 400 }) } }],
  ])('%s counts for nothing', async (_, lie) => {
    expect(await come(lie)).toMatchObject({ status: 400, code: 'sign-in-failed', people: 0 });
  });

  it.each<[string, Lie]>([
    ['that speaks for another', { metadata: { issuer: 'https://evil.test' } }],
    ['without an authorization endpoint', { metadata: { authorization_endpoint: undefined } }],
    ['that sends browsers somewhere without TLS', { metadata: { authorization_endpoint: 'http://issuer.test/auth' } }],
    ['that sends browsers to a script', { metadata: { authorization_endpoint: 'javascript:alert(1)' } }],
    ['that fails', { instead: { '/.well-known/openid-configuration': () => new Response('', { status: 500 }) } }],
    ['that is not there', { instead: { '/.well-known/openid-configuration': () => Promise.reject(new TypeError('no route')) } }],
    ['that leads elsewhere', { instead: { '/.well-known/openid-configuration': () => Response.redirect('https://evil.test') } }],
    ['that goes away on the way', { instead: { '/token': () => Promise.reject(new TypeError('no route')) } }],
  ])('an issuer %s is unavailable, and says no more', async (_, lie) => {
    const answer = await come(lie);
    expect(answer).toMatchObject({ status: 502, code: 'issuer-unavailable', people: 0 });
    expect(answer.detail).not.toContain('no route');
  });
});
