import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../host/browser.ts';
import { RealIssuer } from '../host/issuer.ts';
import { Server, until } from './server.ts';

const PEOPLE = {
  alice: { email: 'alice@example.test', email_verified: true, name: 'Alice' },
  bob: { email: 'bob@example.test', email_verified: true, name: 'Bob' },
};

let server: Server;
let issuer: RealIssuer;
const folders: string[] = [];
beforeAll(async () => {
  server = await Server.start(async (port) => {
    const client = { id: 'atoll', secret: 'kept by the server', redirectUris: [`https://localhost:${port}/v1/auth/callback`] };
    issuer = await RealIssuer.start({ clients: [client], people: PEOPLE });
    return { ATOLL_OIDC: JSON.stringify([{ issuer: issuer.url, clientId: 'atoll', clientSecret: client.secret, name: 'Work' }]) };
  });
});
afterAll(async () => {
  await server?.dispose();
  await issuer?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A browser on this machine that trusts the server's CA. */
const browser = () =>
  new Browser((url, init) => {
    if (url.startsWith('http:')) return fetch(url, { ...init, redirect: 'manual' });
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method: init.method, headers: init.headers, ca: server.ca }, (answer) => {
        const chunks: Buffer[] = [];
        answer
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => {
            const headers = new Headers();
            for (let i = 0; i < answer.rawHeaders.length; i += 2) headers.append(answer.rawHeaders[i], answer.rawHeaders[i + 1]);
            const text = Buffer.concat(chunks).toString();
            resolve(new Response(text, { status: answer.statusCode, headers }));
          });
      });
      outgoing.on('error', reject).end(init.body);
    });
  });

/** Somebody at a computer of their own: a data folder, a browser, and no right to read the server's. */
function person(login: keyof typeof PEOPLE) {
  const folder = mkdtempSync(join(tmpdir(), `atoll-${login}-`));
  folders.push(folder);
  const ca = join(folder, 'server-ca.crt');
  writeFileSync(ca, server.ca);
  const env = { ATOLL_DATA: folder, KUBECONFIG: join(folder, 'kubeconfig') };
  const b = browser();
  const atoll = (line: string) => server.atoll(line.split(' '), env);
  const json = async (line: string) => {
    const { code, out, err } = await atoll(`${line} --json`);
    expect([code, err], `atoll ${line}`).toEqual([0, '']);
    return JSON.parse(out);
  };
  const refused = async (line: string, words: RegExp) => {
    const { code, err } = await atoll(line);
    expect([code, err], `atoll ${line}`).toEqual([1, expect.stringMatching(words)]);
  };
  /** `atoll login`, with the browser's part in between. */
  const login_ = async (decision: 'approve' | 'deny' = 'approve', more: string[] = []) => {
    const place = ['--url', `https://localhost:${server.port}`, '--ca', ca];
    const command = server.begin(['login', ...place, '--name', `${login}'s laptop`, '--json', ...more], env);
    const [, page, code] = await until(
      'the code',
      () => /open (\S+)\nand approve .* the code (\S+)\n/.exec(command.told()) ?? undefined,
    );
    await b.visit(page);
    if (b.page.text.includes('Sign in with Work')) {
      await b.follow(/Sign in with Work/);
      await b.submit({ login, password: 'any' });
      await b.submit();
    }
    expect(b.page.text).toContain(code);
    expect(b.page.text).toContain(`${login}&#39;s laptop`);
    await b.submit({ decision });
    return command.ended;
  };
  const kubectl = (words: string) => server.kubectl(words, { env });
  return { folder, env, atoll, json, refused, login: login_, kubectl };
}

describe('[MG15] people at their own computers', () => {
  it('sign in by a browser, work together in an account, and part', async () => {
    const [alice, bob] = [person('alice'), person('bob')];
    const signedIn = await alice.login();
    expect(signedIn.code, signedIn.err).toBe(0);
    expect(JSON.parse(signedIn.out)).toMatchObject({ type: 'person', name: 'alice@example.test', account: null });
    const kept = join(alice.folder, 'session.json');
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(kept, 'utf8')).token).toMatch(/^atolls_/);
    await alice.refused('cluster list', /choose an account first/);

    expect(await alice.json('account create team')).toMatchObject({ name: 'team' });
    expect((await alice.atoll('cluster create shared --api-only')).code).toBe(0);
    expect((await alice.kubectl('get namespaces -o name')).out).toContain('namespace/default');
    expect((await alice.kubectl('auth whoami -o jsonpath={.status.userInfo.username}')).out).toBe('alice@example.test');
    const { invitation } = await alice.json('invitation create --role viewer --email bob@example.test');

    expect((await bob.login()).code).toBe(0);
    await bob.refused('invitation accept atolli_wrong', /There is no such thing/);
    expect(await bob.json(`invitation accept ${invitation}`)).toMatchObject({ name: 'team', level: 'read' });
    expect((await bob.json('cluster list')).map((c: { name: string }) => c.name)).toEqual(['shared']);
    await bob.refused('cluster create mine', /This token may not do that/);
    await bob.refused('member role alice@example.test viewer', /This token may not do that/);
    expect((await bob.atoll('cluster use shared')).code).toBe(0);
    expect((await bob.kubectl('get namespaces -o name')).out).toContain('namespace/default');
    expect((await bob.kubectl('create namespace mine')).err).toMatch(/forbidden: User "bob@example.test" cannot create/);

    const members = await alice.json('member list');
    expect(members.map((m: { email: string; role: string }) => [m.email, m.role])).toEqual([
      ['alice@example.test', 'owner'],
      ['bob@example.test', 'viewer'],
    ]);
    await alice.refused('account leave', /hand it over first/);
    expect((await alice.atoll('member remove bob@example.test')).out).toBe('Bob is no member any more\n');
    expect((await bob.kubectl('get namespaces')).err).toMatch(/must be logged in|Unauthorized/);
    await bob.refused('cluster list', /There is no such thing/);
    expect(await bob.json('account list')).toEqual([]);

    const former = join(alice.folder, 'former-kubeconfig');
    copyFileSync(alice.env.KUBECONFIG, former);
    expect((await alice.atoll('account delete team --yes')).out).toBe('account team deleted\n');
    expect(JSON.parse(readFileSync(alice.env.KUBECONFIG, 'utf8')).contexts).toEqual([]);
    expect((await alice.kubectl(`--kubeconfig ${former} get namespaces`)).err).toMatch(/must be logged in|does not exist/);
    expect(await alice.json('account list')).toEqual([]);
  });

  it('see where they are signed in, and sign out', async () => {
    const [one, two] = [person('alice'), person('alice')];
    await one.login();
    await two.login();
    const sessions = (await one.json('session list')) as { name: string; current: boolean; id: string }[];
    const laptops = sessions.filter(({ name }) => name === "alice's laptop");
    expect(laptops.length).toBeGreaterThanOrEqual(2);
    expect(laptops.filter(({ current }) => current)).toHaveLength(1);
    const { token } = JSON.parse(readFileSync(join(two.folder, 'session.json'), 'utf8')) as { token: string };
    expect((await two.atoll('logout')).out).toBe('signed out\n');
    await two.refused('whoami', /no server has been started/);
    const replayed = await server.atoll(['whoami'], { ...one.env, ATOLL_TOKEN: token });
    expect([replayed.code, replayed.err]).toEqual([1, expect.stringMatching(/valid bearer token/)]);
    expect((await one.atoll('logout --all')).out).toBe('signed out everywhere\n');
    await one.refused('logout', /nobody is signed in/);
  });

  it('are forgotten when they say so, and come back as somebody new', async () => {
    const alice = person('alice');
    await alice.login();
    const before = (await alice.json('whoami')) as { id: string };
    expect((await alice.atoll('account create lonely')).code).toBe(0);
    await alice.refused('forget-me', /pass --yes/);
    await alice.refused('forget-me --yes', /nobody else owns "lonely": hand it over first, or delete it/);
    expect((await alice.atoll('account delete lonely --yes')).code).toBe(0);
    expect((await alice.atoll('forget-me --yes')).out).toMatch(/ is not known any more\n$/);
    await alice.refused('forget-me --yes', /nobody is signed in/);
    const again = person('alice');
    await again.login();
    const after = (await again.json('whoami')) as { id: string; accounts: unknown[] };
    expect(after.accounts).toEqual([]);
    expect(after.id).not.toBe(before.id);
  });

  it('are told why they are not signed in', async () => {
    const alice = person('alice');
    const denied = await alice.login('deny');
    expect([denied.code, denied.err]).toEqual([1, expect.stringMatching(/atoll: not signed in: it was denied\n$/)]);
    const place = `--url https://localhost:${server.port} --ca ${join(alice.folder, 'server-ca.crt')}`;
    await alice.refused(`login ${place} --issuer Play`, /issuer: there is none named "Play"/);
    await alice.refused(`login --url https://localhost:1 --ca ${join(alice.folder, 'server-ca.crt')}`, /nothing listens at/);
    expect((await alice.atoll('login --url http://localhost')).code).toBe(2);
    expect((await alice.atoll(`login ${place.replace('server-ca', 'other')}`)).err).toMatch(/cannot be read \(ENOENT\)/);
  });
});

describe('[MG15] the operator at the server', () => {
  it('acts as the local account, as somebody who signed in, or as a token, whichever is chosen', async () => {
    const { ATOLL_DATA } = server.env;
    const whoami = async (env: Record<string, string> = {}) =>
      JSON.parse((await server.atoll(['whoami', '--json'], env)).out).name;
    expect(await whoami()).toBe('first');
    const command = server.begin(['login', '--issuer', 'Work']);
    const [, page] = await until('the code', () => /open (\S+)\n/.exec(command.told()) ?? undefined);
    const b = browser();
    await b.visit(page);
    await b.follow(/Sign in with Work/);
    await b.submit({ login: 'bob', password: 'any' });
    await b.submit();
    await b.submit({ decision: 'approve' });
    expect((await command.ended).code).toBe(0);
    expect(await whoami()).toBe('bob@example.test');
    expect(await whoami({ ATOLL_TOKEN: server.credentials.token })).toBe('first');
    expect((await server.atoll(['account', 'create', 'bobs'])).out).toMatch(/is yours/);
    expect((await server.atoll(['cluster', 'list', '--json'])).out.trim()).toBe('[]');
    expect((await server.atoll(['account', 'use', 'local'])).code).toBe(0);
    expect(await whoami()).toBe('first');
    expect((await server.atoll(['cluster', 'list', '--json'])).out).toContain('"demo"');
    expect((await server.atoll(['account', 'use', 'nobodys'])).err).toMatch(/you belong to no account "nobodys"/);
    expect(await whoami()).toBe('first');
    expect((await server.atoll(['account', 'use', 'bobs'])).code).toBe(0);
    expect(await whoami()).toBe('bob@example.test');
    expect((await server.atoll(['account', 'rename', 'ours'])).out).toBe('the account is named ours\n');
    expect((await server.atoll(['account', 'list', '--all'])).out).toMatch(/^local /m);
    expect((await server.atoll(['logout'])).code).toBe(0);
    expect(await whoami()).toBe('first');
    expect(statSync(join(ATOLL_DATA, 'credentials.json')).mode & 0o777).toBe(0o600);
  });

  it('deletes any account, at last the local one; the next start makes another', async () => {
    expect((await server.atoll(['account', 'delete', 'ours', '--yes'])).out).toBe('account ours deleted\n');
    expect((await server.atoll(['account', 'delete', 'ours'])).err).toMatch(/there is no account "ours"/);
    const before = server.credentials.token;
    expect((await server.atoll(['account', 'delete', 'local', '--yes'])).out).toBe('account local deleted\n');
    expect((await server.atoll(['cluster', 'list'])).err).toMatch(/the local account was deleted/);
    await server.down();
    await server.up();
    expect(server.credentials.token).not.toBe(before);
    expect((await server.atoll(['cluster', 'list', '--json'])).out).toContain('"demo"');
  });
});

it('a server does not start with issuers that it cannot read', async () => {
  await server.down();
  const { code, err } = await server.atoll(['start'], { ATOLL_OIDC: '[{}]' });
  expect([code, err]).toEqual([1, expect.stringMatching(/^atoll: ATOLL_OIDC\[0\]\.issuer: /)]);
  await server.up();
});
