import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binary } from '../../src/cli/binaries.ts';
import { freePort, run, SYSTEM_NODE as NODE } from './server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MOST_MB = 240;
const START_MS = 60_000;
const MEBIBYTE = 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), 'atoll-package-'));
const project = join(folder, 'project');
const installed = join(project, 'node_modules', 'atoll');
let child: ChildProcess | undefined;

/** Where the dependencies of the package lie in the clone. */
const NEEDED = [
  'node_modules/workerd',
  'node_modules/@cloudflare/workerd-linux-64',
  'node_modules/miniflare/node_modules/undici',
];

/** Packs the clone and unpacks the package where npm would, beside what it depends on, which lies in the clone. */
beforeAll(() => {
  const before = readFileSync(join(ROOT, 'package.json'), 'utf8');
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
  expect(readFileSync(join(ROOT, 'package.json'), 'utf8'), 'the manifest of the clone').toBe(before);
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{}');
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  execFileSync('tar', ['xzf', join(folder, tarball), '-C', installed, '--strip-components=1']);
  for (const from of NEEDED) {
    const to = join(project, 'node_modules', from.split('node_modules/').at(-1) as string);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(join(ROOT, from), to);
  }
});
afterAll(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Bytes of all files in folders; one with several names counts once, for workerd has two. */
function sizeOf(folders: string[]): number {
  const files = folders.flatMap((path) =>
    readdirSync(path, { recursive: true }).map((name) => lstatSync(join(path, String(name)))),
  );
  const bytes = new Map(files.filter((stat) => stat.isFile()).map(({ ino, size }) => [ino, size]));
  return [...bytes.values()].reduce((sum, size) => sum + size, 0);
}

describe('the package', () => {
  it('is plain JavaScript for Node 20, needs hardly more than workerd, and is small', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const { overrides } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(manifest.dependencies).toEqual({ undici: expect.any(String), workerd: overrides.workerd });
    expect(manifest).toMatchObject({ bin: { atoll: 'dist/atoll.mjs' }, engines: { node: '>=20' }, type: 'module' });
    for (const field of ['private', 'devDependencies', 'optionalDependencies', 'overrides', 'scripts', 'imports']) {
      expect(manifest, field).not.toHaveProperty(field);
    }
    const files = readdirSync(installed, { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith('.ts') || name.endsWith('.map') || name.startsWith('src'))).toEqual([]);
    expect(lstatSync(join(installed, 'dist', 'atoll.mjs')).mode & 0o111, 'it can be run').toBe(0o111);
    const notices = readFileSync(join(installed, 'dist', 'LICENSES.txt'), 'utf8');
    for (const name of ['hono', 'zod', 'drizzle-orm', 'miniflare', 'commander'])
      expect(notices).toMatch(new RegExp(`^${name} [0-9]`, 'm'));
    expect(sizeOf([installed, ...NEEDED.map((path) => join(ROOT, path))]) / MEBIBYTE).toBeLessThan(MOST_MB);
  });

  it('serves on the Node of the system, with nothing of a clone, and its data lies where it was started', async () => {
    const port = await freePort();
    const env = { ...process.env, ATOLL_DATA: '', ATOLL_TOKEN: '', PORT: String(port), KUBECONFIG: '' };
    const cli = join(installed, 'dist', 'atoll.mjs');
    const server = spawn(NODE, [cli, 'start'], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child = server;
    let said = '';
    let logged = '';
    server.stderr.setEncoding('utf8').on('data', (text) => (logged += text));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready: ${said}${logged}`)), START_MS);
      server.on('exit', () => reject(new Error(`it ended: ${said}${logged}`)));
      server.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (!said.includes('\n')) return;
        clearTimeout(timer);
        resolve();
      });
    });
    expect(said.split('\n')[0]).toBe(`ready https://localhost:${port}`);
    expect(readdirSync(project).sort()).toEqual(['.atoll', 'node_modules', 'package.json']);

    // kubectl is none of the package's; the one on the PATH will do.
    const tools = dirname(await binary('kubectl'));
    const inside = join(project, 'deep', 'inside');
    mkdirSync(inside, { recursive: true });
    const atoll = (args: string[], more: Record<string, string> = {}) =>
      run('/bin/sh', ['-c', 'cd "$0" && exec "$@"', inside, NODE, cli, ...args], {
        env: { ...env, ...more } as Record<string, string>,
      });
    const nodes = await atoll(['kubectl', 'get', 'nodes', '-o', 'name'], { PATH: `${tools}:${process.env.PATH}` });
    expect(nodes).toMatchObject({ code: 0, out: 'node/node-0\nnode/node-1\nnode/node-2\n' });
    const explained = await atoll(['kubectl', 'explain', 'pod.spec.nodeName'], { PATH: `${tools}:${process.env.PATH}` });
    expect(explained.out).toContain('NodeName indicates in which node this pod is scheduled');
    expect(await atoll(['kubectl', 'get', 'nodes'], { PATH: folder })).toMatchObject({
      code: 1,
      err: expect.stringContaining('kubectl is not installed: put one on the PATH'),
    });
    expect((await atoll(['cluster', 'list', '--json'])).out).toContain('"name": "demo"');

    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
