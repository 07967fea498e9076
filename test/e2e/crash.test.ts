import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLI, Server, until } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server?.dispose());

it('a rollout that is killed in the middle completes after a restart', async () => {
  await server.ok('create deployment web --image=nginx:1 --replicas=40');
  await server.ok('rollout status deployment/web --timeout=60s');
  await server.ok('set image deployment/web nginx=nginx:2');
  await server.down('SIGKILL');
  await server.up();
  await server.ok('rollout status deployment/web --timeout=60s');
  const images = await server.ok('get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}');
  await until('only new pods', async () => {
    const pods = JSON.parse(await server.ok('get pods -l app=web -o json')).items as {
      spec: { containers: { image: string }[] };
    }[];
    return pods.length === 40 && pods.every((pod) => pod.spec.containers[0].image === 'nginx:2');
  });
  expect(images).toContain('nginx:2');
});

it('no acknowledged write is lost, whenever the server is killed', async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round++) {
    let alive = true;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let n = 0; alive; n++) {
        const name = `kept-${round}-${writer}-${n}`;
        const { code } = await server.kubectl(`create configmap ${name} --from-literal=n=${n}`);
        if (code === 0) acknowledged.push(name);
      }
    });
    const before = acknowledged.length;
    await until('some writes', () => acknowledged.length > before + 8);
    await server.down('SIGKILL');
    alive = false;
    await Promise.all(writers);
    await server.up();
  }
  const there = new Set((await server.ok('get configmaps -o jsonpath={.items[*].metadata.name}')).split(' '));
  expect(acknowledged.filter((name) => !there.has(name))).toEqual([]);
});

it('a deleted Deployment stays deleted, a scaled one scaled', async () => {
  await server.ok('scale deployment web --replicas=5');
  await server.ok('create deployment gone --image=nginx');
  await server.ok('delete deployment gone --wait=false');
  await server.down('SIGKILL');
  await server.up();
  await until('five pods and nothing of the other', async () => {
    const names = (await server.ok('get pods -o jsonpath={.items[*].metadata.name}')).split(' ');
    return names.length === 5 && names.every((name) => name.startsWith('web-'));
  });
  expect((await server.kubectl('get deployment gone')).code).toBe(1);
});

it('ends without a word when Ctrl-C comes while it starts: the signal reaches workerd as well', async () => {
  const data = mkdtempSync(join(tmpdir(), 'atoll-interrupted-'));
  const env = { ...process.env, ATOLL_DATA: data, PORT: '0', ATOLL_DEMO_PORT: 'none' };
  // A process group of its own, as a terminal makes one.
  const child = spawn(process.execPath, [CLI, 'start'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = once(child, 'close');
  await until('workerd runs', () => existsSync(join(data, 'workerd.pid')));
  process.kill(-(child.pid as number), 'SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(output).not.toMatch(/cannot start|ended by itself/);
  expect(existsSync(join(data, 'server.pid'))).toBe(false);
  rmSync(data, { recursive: true, force: true });
});

it('stops cleanly at SIGTERM and at Ctrl-C', async () => {
  expect(await server.down('SIGTERM')).toBe(0);
  await server.up();
  expect(await server.down('SIGINT')).toBe(0);
  await server.up();
});
