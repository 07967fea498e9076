import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server } from './server.ts';

/** A person's way to a certificate, with openssl and kubectl. */
const folder = mkdtempSync(join(tmpdir(), 'atoll-certificates-'));
const file = (name: string) => join(folder, name);
const openssl = (...words: string[]) => execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** What kubectl says to a 401: at the first question, or later. */
const REFUSED = /asked for the client to provide credentials|You must be logged in/;

/** A kubeconfig with a certificate and its key, and nothing else that says who it is. */
async function kubeconfigFor(certificate: string, key: string): Promise<Record<string, string>> {
  const config = JSON.parse((await server.kubectl('config view --raw --minify -o json')).out);
  const data = (path: string) => readFileSync(file(path)).toString('base64');
  config.users[0].user = { 'client-certificate-data': data(certificate), 'client-key-data': data(key) };
  writeFileSync(file('kubeconfig'), JSON.stringify(config));
  return { KUBECONFIG: file('kubeconfig') };
}

it('[CTL210] [AUTHN8] kubectl certificate approve gives a certificate that kubectl signs in with, to its cluster alone', async () => {
  openssl(
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('zed.key'),
    '-subj',
    '/O=devs/CN=zed',
    '-out',
    file('zed.csr'),
  );
  const request = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'zed' },
    spec: {
      request: readFileSync(file('zed.csr')).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  };
  expect((await server.kubectl('create -f -', { input: JSON.stringify(request) })).code).toBe(0);
  expect((await server.kubectl('certificate approve zed')).code).toBe(0);
  const wait = 'wait csr/zed --for=jsonpath={.status.certificate} --timeout=20s';
  expect((await server.kubectl(wait)).code).toBe(0);
  const issued = (await server.kubectl('get csr zed -o jsonpath={.status.certificate}')).out;
  writeFileSync(file('zed.crt'), Buffer.from(issued, 'base64'));
  const map = 'get configmap extension-apiserver-authentication -n kube-system -o jsonpath={.data.client-ca-file}';
  writeFileSync(file('ca.crt'), (await server.kubectl(map)).out);
  expect(openssl('verify', '-CAfile', file('ca.crt'), file('zed.crt'))).toMatch(/OK/);

  const env = await kubeconfigFor('zed.crt', 'zed.key');
  const who = JSON.parse((await server.kubectl('auth whoami -o json', { env })).out);
  expect(who.status.userInfo).toMatchObject({ username: 'zed', groups: ['devs', 'system:authenticated'] });
  expect((await server.kubectl('get pods', { env })).err).toMatch(/User "zed" cannot list resource "pods"/);
  const bind = 'create clusterrolebinding devs --clusterrole=view --group=devs';
  expect((await server.kubectl(bind)).code).toBe(0);
  expect((await server.kubectl('get pods', { env })).code).toBe(0);
  // A watch goes another way through the front.
  expect((await server.kubectl('get ns default --watch --request-timeout=2s', { env })).out).toMatch(/default +Active/);

  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('own.key'),
    '-subj',
    '/O=system:masters/CN=zed',
    '-days',
    '1',
    '-out',
    file('own.crt'),
  );
  const forged = await server.kubectl('get pods', { env: await kubeconfigFor('own.crt', 'own.key') });
  expect(forged.err).toMatch(REFUSED);

  expect((await server.atoll(['cluster', 'create', 'other', '--api-only'])).code).toBe(0);
  const elsewhere = await server.kubectl('get pods', { env: await kubeconfigFor('zed.crt', 'zed.key') });
  expect(elsewhere.err).toMatch(REFUSED);
});
