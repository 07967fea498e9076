import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Outcome, run, Server, until } from './server.ts';

/** What a new user reads, and nothing else. */
const README = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
const SECTION = '## Accounts and tokens\n';
const CLI = fileURLToPath(new URL('../../src/cli/atoll.mjs', import.meta.url));
const EMPTY_BYTES = 4096;
const SECRET = /atoll_[\w-]{20,}/;

let server: Server;
let folder: string;
/** What `export` has set. */
const exported: Record<string, string> = {};

beforeAll(async () => {
  server = await Server.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-reader-'));
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The commands of the section, in order. */
function commands(): { line: string; remark: string }[] {
  const text = README.slice(README.indexOf(SECTION) + SECTION.length).split('\n## ')[0];
  return [...text.matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block]) => block.trim().split('\n'))
    .map((line) => {
      const [command, remark = ''] = line.split(/\s+# /);
      return { line: command.trim(), remark };
    });
}

/** A line as a shell runs it, with our own CLI and kubectl in the place of what `npx` and the PATH would find. */
async function shell(line: string): Promise<Outcome> {
  const functions = [
    `npx() { shift; "${process.execPath}" "${CLI}" "$@"; }`,
    `kubectl() { "${server.kubectlPath}" "$@"; }`,
    `cd "${folder}"`,
  ];
  return run('bash', ['-c', `${functions.join('\n')}\n${line}`], { env: { ...server.env, ...exported } });
}

/** Databases that hold anything: of one that is destroyed the platform keeps an empty file. */
function clustersOnDisk(): number {
  const home = join(server.data, 'clusters', 'atoll-ClusterDO');
  const size = (file: string) => statSync(join(home, file), { throwIfNoEntry: false })?.size ?? 0;
  const names = readdirSync(home).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  return names.filter((name) => size(name) + size(`${name}-wal`) > EMPTY_BYTES).length;
}

it('the README is true: an account, tokens, clusters, a fork, a colleague who may look, usage, and the end of it all', async () => {
  const all = commands();
  expect(all.length).toBeGreaterThan(12);
  const before = clustersOnDisk();
  let secret = '';
  const seen: Record<string, Outcome> = {};
  for (const { line, remark } of all) {
    const set = /^export (\w+)=(.*)$/.exec(line);
    if (set) {
      expect(set[2]).toBe('atoll_...');
      exported[set[1]] = secret;
      continue;
    }
    if (line.includes('account delete')) {
      await thatIsAll(before);
      await whileItIsThere(seen);
    }
    const outcome = await shell(line);
    seen[line] = outcome;
    secret = SECRET.exec(outcome.out)?.[0] ?? secret;
    if (remark.startsWith('Error')) {
      expect(outcome.code, line).toBe(1);
      expect(outcome.err).toContain(remark);
    } else {
      expect(outcome.code, `${line}\n${outcome.out}\n${outcome.err}`).toBe(0);
    }
  }
  await afterTheEnd(seen, before);
});

const of = (seen: Record<string, Outcome>, part: string): Outcome => {
  const line = Object.keys(seen).find((key) => key.includes(part));
  expect(line, part).toBeDefined();
  return seen[line as string];
};

/** Three clusters of acme beside those of before. */
async function thatIsAll(before: number): Promise<void> {
  expect(clustersOnDisk()).toBe(before + 3);
  const mine = JSON.parse((await shell('npx atoll cluster list --json')).out) as { name: string; state: string }[];
  expect(mine.map(({ name, state }) => `${name} ${state}`)).toEqual(['dev ready', 'staging suspended']);
}

async function whileItIsThere(seen: Record<string, Outcome>): Promise<void> {
  expect(of(seen, 'anna.yaml get').out).toMatch(/^web +2\/2/m);
  expect(of(seen, 'anna.yaml delete').err).toMatch(
    /^Error from server \(Forbidden\): deployments\.apps "web" is forbidden: User "[^"]+" cannot delete resource "deployments" in .* "default"$/m,
  );
  expect(of(seen, 'credentials dev').out).toMatch(/^anna +/m);
  expect(of(seen, 'token list').out).toMatch(/^ci +write/m);
  expect(of(seen, 'atoll usage').out).toMatch(/^CLUSTER +REQUESTS +WRITES/);
  // The account is told within about 15 seconds, the cluster itself knows at once.
  await until('the account knows', async () => /^dev +[1-9]\d* +1 /m.test((await shell('npx atoll usage')).out));
  const { totals } = JSON.parse((await shell('npx atoll usage dev --json')).out) as {
    totals: { requests: number; writes: number };
  };
  // Making the deployment; what Anna was forbidden is no write.
  expect(totals.writes).toBe(1);
  expect(totals.requests).toBeGreaterThan(3);
}

async function afterTheEnd(seen: Record<string, Outcome>, before: number): Promise<void> {
  const first = await shell('npx atoll cluster list');
  expect([first.code, first.err]).toEqual([1, expect.stringContaining('token is not known')]);
  exported.ATOLL_TOKEN = SECRET.exec(of(seen, 'token create').out)?.[0] ?? '';
  expect((await shell('npx atoll cluster create late')).code).toBe(1);
  expect((await shell('kubectl --kubeconfig anna.yaml get deployments')).err).toMatch(/Unauthorized|must be logged in|not exist/);
  expect(existsSync(join(folder, 'anna.yaml'))).toBe(true);
  await until('the databases are gone', () => clustersOnDisk() === before);
  exported.ATOLL_TOKEN = '';
  expect(JSON.parse((await shell('npx atoll account list --all --json')).out).map((a: { name: string }) => a.name)).not.toContain(
    'acme',
  );
  expect((await server.ok('get nodes -o name')).trim().split('\n')).toHaveLength(3);
}
