import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Server } from './server.ts';

let server: Server;
let folder: string;
beforeAll(async () => {
  server = await Server.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-helm-'));
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** helm, as a person calls it; its own files stay in the test's folder. */
async function helm(...args: string[]): Promise<string> {
  const home = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
  const { code, out, err } = await server.atoll(['helm', ...args], home);
  expect(code, `helm ${args.join(' ')}\n${out}\n${err}`).toBe(0);
  return out;
}

it('helm makes, installs, upgrades, rolls back and removes a chart', async () => {
  const chart = join(folder, 'web');
  await helm('create', chart);
  await helm('install', 'w', chart, '--wait', '--timeout', '60s');
  expect(await server.ok('get deployment w-web -o jsonpath={.status.readyReplicas}')).toBe('1');
  await helm('upgrade', 'w', chart, '--set', 'replicaCount=3', '--wait', '--timeout', '60s');
  expect(await server.ok('get deployment w-web -o jsonpath={.status.readyReplicas}')).toBe('3');
  await helm('rollback', 'w', '1', '--wait', '--timeout', '60s');
  const history = JSON.parse(await helm('history', 'w', '-o', 'json')) as { status: string; description: string }[];
  expect(history.map(({ status }) => status)).toEqual(['superseded', 'superseded', 'deployed']);
  expect(await server.ok('get deployment w-web -o jsonpath={.spec.replicas}')).toBe('1');
  await helm('uninstall', 'w', '--wait', '--timeout', '60s');
  expect(await server.ok('get deployments,services,serviceaccounts,secrets -l app.kubernetes.io/instance=w -o name')).toBe('');
});
