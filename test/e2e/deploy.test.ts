import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, SYSTEM_NODE, until } from './server.ts';

const ROOT = join(import.meta.dirname, '../..');
const WRANGLER = join(ROOT, 'node_modules', '.bin', 'wrangler');
/** What Cloudflare takes of a Worker, gzipped: on the free plan, which is enough. */
const BUNDLE_BYTES = 3_000_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-deploy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a deployment', () => {
  it('"wrangler deploy" would send a bundle within the limits of Cloudflare, with every binding', () => {
    const out = join(folder, 'out');
    const env = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' };
    const run = spawnSync(WRANGLER, ['deploy', '--dry-run', '--outdir', out], { cwd: ROOT, env, encoding: 'utf8' });
    expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
    const bytes = gzipSync(readFileSync(join(out, 'index.worker.js'))).length;
    expect(bytes).toBeLessThan(BUNDLE_BYTES);
    const declared = readFileSync(join(ROOT, 'src/worker/platform/env.worker.ts'), 'utf8');
    const bindings = [...declared.matchAll(/^ {2}([A-Z]+): (?:DurableObjectNamespace|D1Database)/gm)].map(([, name]) => name);
    expect(bindings).toEqual(['CLUSTERS', 'TASKS', 'DB']);
    for (const name of bindings) expect(run.stdout).toContain(`env.${name} `);
    // Every class of an object that is exported has been announced by a migration of its own.
    const config = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8');
    const entry = readFileSync(join(ROOT, 'src/worker/edge/index.worker.ts'), 'utf8');
    for (const [, name] of entry.matchAll(/^export \{ (\w+DO) \}/gm)) {
      expect(config).toContain(`class_name = "${name}"`);
      expect(config).toMatch(new RegExp(`new_sqlite_classes = \\["${name}"\\]|to = "${name}"`));
    }
  });
});

type Step = { stage: number; word: string; rest: string };

/** The instructions of the Dockerfile, in order. */
function steps(): Step[] {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  let stage = -1;
  return text
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [word, ...rest] = line.split(/\s+/);
      if (word === 'FROM') stage++;
      return { stage, word, rest: rest.join(' ') };
    });
}

/** Packages that "npm ci --omit=dev" would install, as paths under node_modules. */
function production(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !path.slice(13).includes('node_modules/') && !dev)
    .map(([path]) => path)
    .filter((path) => existsSync(join(ROOT, path)));
}

describe('the image', () => {
  it('copies only what .dockerignore lets through, runs as nobody in particular, keeps its data in a volume and tells its health', () => {
    const said = (word: string) => steps().filter((step) => step.word === word);
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    for (const { rest } of said('COPY').filter((step) => !step.rest.startsWith('--from'))) {
      for (const name of rest.split(' ').slice(0, -1)) {
        expect(existsSync(join(ROOT, name)), name).toBe(true);
        expect(allowed).toContain(`!${name}`);
      }
    }
    expect(said('USER').map(({ rest }) => rest)).toEqual(['atoll']);
    expect(said('VOLUME').map(({ rest }) => rest)).toEqual(['/data']);
    expect(said('HEALTHCHECK')[0].rest).toContain('CMD ["node", "src/cli/atoll.mjs", "health"]');
    expect(said('FROM').every(({ rest }) => /^node:24-\w+-slim/.test(rest))).toBe(true);
  });

  it('its commands work in a copy that has nothing but what the image has', async () => {
    const image = join(folder, 'image');
    mkdirSync(join(image, 'node_modules'), { recursive: true });
    for (const { stage, word, rest } of steps().filter((step) => step.stage === 0)) {
      if (word === 'COPY') {
        const names = rest.split(' ');
        const to = join(image, names.pop() as string);
        for (const name of names) {
          const target = statSync(join(ROOT, name)).isDirectory() ? to : join(to, name);
          cpSync(join(ROOT, name), target, { recursive: true });
        }
      } else if (word === 'RUN' && rest.startsWith('npm ci --omit=dev')) {
        for (const path of production()) {
          mkdirSync(dirname(join(image, path)), { recursive: true });
          symlinkSync(join(ROOT, path), join(image, path));
        }
      } else if (word === 'RUN') {
        const run = spawnSync('sh', ['-c', rest.replace(/^node /, `${SYSTEM_NODE} `)], { cwd: image, encoding: 'utf8' });
        expect(run.status, `${rest}\n${run.stdout}\n${run.stderr}`).toBe(0);
      }
      expect(stage).toBe(0);
    }
    const made = readdirSync(join(image, 'node_modules', '.cache', 'atoll'), { recursive: true }).map(String);
    for (const name of [/^worker-.*\/worker\.mjs$/, /^cli-.*\/cli\.mjs$/])
      expect(made.filter((file) => name.test(file))).toHaveLength(1);

    const env = { ...process.env, ATOLL_DATA: join(folder, 'data'), PORT: String(await freePort()), ATOLL_LOG: 'all' };
    const [start] = steps().filter((step) => step.word === 'CMD');
    const [, ...args] = JSON.parse(start.rest) as string[];
    const health = () => spawnSync(SYSTEM_NODE, [args[0], 'health'], { cwd: image, env, encoding: 'utf8' });
    expect(health().status).toBe(1);
    const server = spawn(SYSTEM_NODE, args, { cwd: image, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    server.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    server.stderr.setEncoding('utf8').on('data', (text) => (out += text));
    try {
      await until('it is ready', () => /^ready /m.test(out) || server.exitCode !== null);
      expect(out).toMatch(/^ready /m);
      expect(health()).toMatchObject({ status: 0, stdout: 'ready\n' });
      const ended = new Promise((resolve) => server.on('exit', resolve));
      server.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(health().status).toBe(1);
    } finally {
      server.kill('SIGKILL');
    }
    // Beside its data it wrote nothing.
    expect(readdirSync(image).sort()).toEqual(
      ['LICENSE', 'migrations', 'node_modules', 'package-lock.json', 'package.json', 'src', '.npmrc'].sort(),
    );
    expect(relative(folder, env.ATOLL_DATA)).toBe('data');
  });
});
