import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificates } from '../../src/server/certificates.ts';
import { RealIssuer } from '../host/issuer.ts';
import { Server, until } from './server.ts';

/** A real provider over TLS on this machine: the operator named it, so the server may reach it. */
const folder = mkdtempSync(join(tmpdir(), 'atoll-issuer-'));
let issuer: RealIssuer;
let server: Server;
beforeAll(async () => {
  const { ca, cert, key } = await certificates(folder, Date.now());
  const trusted = join(folder, 'trusted.crt');
  writeFileSync(trusted, ca);
  issuer = await RealIssuer.start({ clients: [], people: {}, tls: { cert, key } });
  server = await Server.start(async () => ({
    ATOLL_OIDC: JSON.stringify([{ issuer: issuer.url, clientId: 'atoll', name: 'Work' }]),
    NODE_EXTRA_CA_CERTS: trusted,
  }));
});
afterAll(async () => {
  await server?.dispose();
  await issuer?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const BINDING = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'developers' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'sso:developers' }],
};

it('[AUTHN4] [AUTHN5] kubectl is let in by a token of a trusted issuer, with the rights of its group, and by no forged one', async () => {
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url: issuer.url, audiences: ['kubernetes'] },
        claimMappings: { username: { claim: 'email', prefix: 'sso:' }, groups: { claim: 'groups', prefix: 'sso:' } },
      },
    ],
  };
  const file = join(folder, 'authentication.json');
  writeFileSync(file, JSON.stringify(configuration));
  expect((await server.atoll(['cluster', 'create', 'trusting', '--api-only'])).code).toBe(0);
  expect((await server.kubectl('apply -f -', { input: JSON.stringify(BINDING) })).code).toBe(0);
  const claims = { aud: 'kubernetes', sub: '1', email: 'alice@example.test', groups: ['developers'] };
  const token = issuer.idToken(claims);
  // The kubeconfig's own user is left out: with it kubectl would send its credential.
  const config = join(folder, 'stranger');
  const text = (await server.kubectl('config view --raw --minify -o json')).out;
  const kubeconfig = JSON.parse(text);
  const as = (bearer: string, words: string) => {
    kubeconfig.users[0].user = { token: bearer };
    writeFileSync(config, JSON.stringify(kubeconfig));
    return server.kubectl(words, { env: { KUBECONFIG: config } });
  };
  expect((await as(token, 'get namespaces')).err).toMatch(/must be logged in|Unauthorized/);
  const set = await server.atoll(['cluster', 'authentication', 'trusting', file]);
  expect([set.code, set.out]).toEqual([0, `cluster trusting trusts tokens of ${issuer.url}\n`]);
  expect((await as(token, 'get namespaces -o name')).out).toContain('namespace/default');
  expect((await as(token, 'auth whoami -o jsonpath={.status.userInfo.username}')).out).toBe('sso:alice@example.test');
  expect((await as(token, 'create namespace mine')).err).toMatch(/forbidden: User "sso:alice@example.test" cannot create/);

  const [head, , signature] = token.split('.');
  const others = issuer.idToken({ ...claims, groups: ['system:masters'] }).split('.')[1];
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const unsigned = token.slice(0, token.lastIndexOf('.'));
  const forged = `${unsigned}.${sign('sha256', Buffer.from(unsigned), stranger).toString('base64url')}`;
  for (const bad of [`${head}.${others}.${signature}`, forged, issuer.idToken({ ...claims, aud: 'another' })]) {
    expect((await as(bad, 'get namespaces')).err).toMatch(/must be logged in|Unauthorized/);
  }
  const watching = server.follow(`--token ${token} get namespaces --watch -o name`);
  await until('what is there', () => watching.lines().includes('namespace/default'));
  expect((await server.atoll(['cluster', 'authentication', 'trusting', '--off'])).code).toBe(0);
  await until('the end of the watch', () => watching.ended());
  expect((await as(token, 'get namespaces')).err).toMatch(/must be logged in|Unauthorized/);

  // The same server by an address that the operator did not name: a tenant may not have it called.
  const near = issuer.url.replace('localhost', '127.0.0.1');
  const { jwt } = configuration;
  const elsewhere = { ...configuration, jwt: [{ ...jwt[0], issuer: { ...jwt[0].issuer, url: near } }] };
  writeFileSync(file, JSON.stringify(elsewhere));
  const named = await server.atoll(['cluster', 'authentication', 'trusting', file]);
  expect(named.code).toBe(0);
  const spec = { token: issuer.idToken({ ...claims, iss: near }) };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
  const reviewed = await server.kubectl('create -f - -o jsonpath={.status.error}', { input: JSON.stringify(review) });
  expect(reviewed.out).toBe('[invalid bearer token, oidc: authenticator not initialized: 127.0.0.1 is not a public address]');
});
