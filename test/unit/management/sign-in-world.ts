import { afterAll, beforeAll } from 'vitest';
import { Browser } from '../../host/browser.ts';
import { RealIssuer } from '../../host/issuer.ts';
import { makeManagement, ORIGIN } from './world.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const CALLBACK = `${ORIGIN}/v1/auth/callback`;
const SECRET = 'a secret of + and /';
export const PEOPLE = {
  alice: { email: 'Alice@Example.test', email_verified: true, name: 'Alice <script>alert(1)</script>' },
  bob: { email: 'bob@example.test', email_verified: false, name: 'alice@example.test' },
  carol: { preferred_username: 'carol\u202e\n' },
};

/** Two real issuers for the tests of a file, and worlds whose people sign in with them. */
export function withIssuers() {
  const issuers = {} as { first: RealIssuer; second: RealIssuer };
  beforeAll(async () => {
    issuers.first = await RealIssuer.start({ clients: [{ id: 'atoll', redirectUris: [CALLBACK] }], people: PEOPLE });
    const confidential = { id: 'atoll', secret: SECRET, redirectUris: [CALLBACK] };
    issuers.second = await RealIssuer.start({ clients: [confidential], people: PEOPLE, inIdToken: true });
  });
  afterAll(() => Promise.all([issuers.first.stop(), issuers.second.stop()]));
  return { issuers, makeWorld: () => makeWorld(issuers) };
}

function makeWorld({ first, second }: { first: RealIssuer; second: RealIssuer }) {
  const asked: string[] = [];
  const world = makeManagement({
    url: ORIGIN,
    hosts: ['atoll.test'],
    fetch: (url, init) => {
      asked.push(new URL(url).pathname);
      return fetch(url, init);
    },
    issuers: [
      { issuer: first.url, clientId: 'atoll', name: 'First', scopes: ['email', 'profile'] },
      {
        issuer: second.url,
        clientId: 'atoll',
        clientSecret: SECRET,
        name: 'Second & last',
        scopes: ['email', 'profile'],
      },
    ],
  });
  world.clock.now = Date.now();
  const browser = () =>
    new Browser((url, init) =>
      url.startsWith(ORIGIN) ? Promise.resolve(world.app.request(url, init)) : fetch(url, { ...init, redirect: 'manual' }),
    );
  const form = async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const answer = await world.app.request(`${ORIGIN}${path}`, {
      method: 'POST',
      headers: { host: 'atoll.test', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields).toString(),
    });
    const text = await answer.text();
    const type = answer.headers.get('content-type') ?? '';
    return {
      status: answer.status,
      type,
      text,
      body: type.includes('json') ? JSON.parse(text) : undefined,
      headers: answer.headers,
    };
  };
  const begin = async (fields: Record<string, string> = {}) =>
    (await form('/v1/auth/device', fields)).body as Record<string, string>;
  const poll = (deviceCode: string) => form('/v1/auth/device/token', { grant_type: GRANT, device_code: deviceCode });
  /** At the issuer: who one is, and yes, Atoll may know. */
  const logIn = async (b: Browser, login: string) => {
    for (let page = 0; page < 6 && !b.page.url.startsWith(ORIGIN); page++) {
      await b.submit(b.page.text.includes('name="login"') ? { login, password: 'any' } : {});
    }
  };
  /** The whole way of a device: returns its session. */
  const signIn = async (login: string, o: { issuer?: string; name?: string; b?: Browser } = {}) => {
    const begun = await begin({ device_name: o.name ?? 'laptop' });
    const b = o.b ?? browser();
    await b.visit(begun.verification_uri_complete);
    await b.follow(new RegExp(`Sign in with ${o.issuer ?? 'First'}`));
    await logIn(b, login);
    await b.submit({ decision: 'approve' });
    return { session: (await poll(begun.device_code)).body.access_token as string, b };
  };
  return { ...world, asked, browser, form, begin, poll, logIn, signIn };
}
