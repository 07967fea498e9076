import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Server, until } from './server.ts';

const CLUSTERS = 3;
const WRITERS = 2;

interface Cluster {
  name: string;
  server: string;
  token: string;
}

/** A client of one cluster that goes on writing; `acknowledged` is what was answered with 201. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly #state = { writing: true };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #done: Promise<void>;

  constructor(cluster: Cluster, ca: string, id: string) {
    this.#done = this.#write(cluster, ca, id);
  }

  async #write({ server, token }: Cluster, ca: string, id: string): Promise<void> {
    for (let n = 0; this.#state.writing; n++) {
      const name = `${id}-${n}`;
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: 'x'.repeat(500) } });
      const status = await new Promise<number>((resolve) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': body.length };
        const url = `${server}/api/v1/namespaces/default/configmaps`;
        const sent = request(url, { method: 'POST', ca, headers, agent: this.#agent }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        });
        sent.on('error', () => resolve(0));
        sent.end(body);
      });
      if (status === 201) this.acknowledged.push(name);
    }
  }

  async stop(): Promise<void> {
    this.#state.writing = false;
    await this.#done;
    this.#agent.destroy();
  }
}

const sqliteFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith('.sqlite'));

const modes = (folder: string): string[] => {
  const found = new Set<string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    found.add(`${entry.isDirectory() ? 'folder' : 'file'} ${mode.toString(8)}`);
  }
  return [...found].sort();
};

let server: Server;
let folder: string;
const clusters: Cluster[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-backup-'));
  server = await Server.start();
  for (let i = 0; i < CLUSTERS; i++) {
    const file = join(folder, `kubeconfig-${i}`);
    const made = await server.atoll(['cluster', 'create', `c${i}`, '--kubeconfig', file, '--json']);
    expect(made.code, made.err).toBe(0);
    const config = JSON.parse(readFileSync(file, 'utf8'));
    clusters.push({ name: `c${i}`, server: config.clusters[0].cluster.server, token: config.users[0].user.token });
  }
});
afterAll(async () => {
  await server?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** What a database of a cluster must agree about with itself. */
function checkCluster(db: DatabaseSync, file: string): void {
  const one = (sql: string) => Object.values(db.prepare(sql).get() as object)[0];
  expect(one('SELECT count(*) FROM heads h LEFT JOIN log l ON l.rev = h.rev WHERE l.rev IS NULL OR l.type = 2'), file).toBe(0);
  const newest = 'SELECT resource, namespace, name, max(rev) AS rev, type FROM log GROUP BY resource, namespace, name';
  expect(
    one(
      `SELECT count(*) FROM (${newest}) n LEFT JOIN heads h USING (resource, namespace, name) WHERE n.type < 2 AND h.rev IS NOT n.rev`,
    ),
  ).toBe(0);
  // Revisions follow one another: no write is there without those before it.
  expect(one('SELECT max(rev) - min(rev) + 1 - count(*) FROM log'), file).toBe(0);
}

describe.each(['folder', 'archive'])('a backup into a %s', (form) => {
  it('made under writes is whole: what was acknowledged before is there, every cluster at one revision, and it serves', async () => {
    const to = join(folder, form === 'archive' ? 'backup.tar.gz' : 'backup');
    const ca = readFileSync(join(server.data, 'ca.crt'), 'utf8');
    const writers = clusters.flatMap((cluster) =>
      Array.from({ length: WRITERS }, (_, i) => ({ cluster, writer: new Writer(cluster, ca, `${form}-${i}`) })),
    );
    await until('some writes everywhere', () => writers.every(({ writer }) => writer.acknowledged.length > 20));
    const before = writers.map(({ writer }) => writer.acknowledged.length);
    const made = await server.atoll(['backup', to, '--json']);
    const after = writers.map(({ writer }) => writer.acknowledged.length);
    expect(made.code, made.err).toBe(0);
    expect(JSON.parse(made.out)).toMatchObject({ clusters: CLUSTERS + 1, path: to });
    expect(after.some((n, i) => n > before[i])).toBe(true);
    await Promise.all(writers.map(({ writer }) => writer.stop()));
    expect((await server.atoll(['backup', to])).err).toContain('a backup overwrites nothing');

    const data = join(folder, `restored-${form}`);
    const restored = await server.atoll(['restore', to, '--json'], { ATOLL_DATA: data });
    expect(restored.code, restored.err).toBe(0);
    expect(modes(data)).toEqual(['file 600', 'folder 700']);
    for (const file of sqliteFiles(data)) {
      const db = new DatabaseSync(file);
      expect(db.prepare('PRAGMA integrity_check').all(), file).toEqual([{ integrity_check: 'ok' }]);
      if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'heads'").get()) checkCluster(db, file);
      db.close();
    }

    const copy = await Server.over(data);
    try {
      const list = await copy.atoll(['cluster', 'list', '--json']);
      expect(JSON.parse(list.out).map((c: { name: string }) => c.name)).toEqual([...clusters.map((c) => c.name), 'demo']);
      for (const [i, { cluster, writer }] of writers.entries()) {
        const id = cluster.server.split('/').at(-1);
        const at = `https://localhost:${copy.port}/clusters/${id}`;
        const names = (
          await copy.ok(
            ['--server', at, '--token', cluster.token, '--certificate-authority', join(data, 'ca.crt')].concat([
              'get',
              'configmaps',
              '-o',
              'jsonpath={.items[*].metadata.name}',
            ]),
          )
        ).split(' ');
        const there = new Set(names);
        expect(writer.acknowledged.slice(0, before[i]).filter((name) => !there.has(name))).toEqual([]);
        // One moment: of one writer's names all up to some, and none after.
        const own = writer.acknowledged.map((name) => there.has(name));
        expect(own.lastIndexOf(true) + 1).toBe(own.filter(Boolean).length);
      }
      const refused = await copy.atoll(['restore', to]);
      expect([refused.code, refused.err]).toEqual([
        1,
        expect.stringMatching(/a server \(process \d+\) is using the data folder/),
      ]);
    } finally {
      await copy.down();
    }
    const again = await server.atoll(['restore', to], { ATOLL_DATA: data });
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('holds data already')]);
  });
});

describe('a restore', () => {
  const into = (name: string) => ({ ATOLL_DATA: join(folder, name) });
  const refusal = async (from: string, name: string) => {
    const { code, err } = await server.atoll(['restore', from], into(name));
    expect(code).toBe(1);
    return err;
  };

  it('refuses a folder that is not ours, a backup that is damaged, cut off or none, and leaves nothing behind', async () => {
    const backup = join(folder, 'small');
    expect((await server.atoll(['backup', backup])).code).toBe(0);
    mkdirSync(join(folder, 'foreign'));
    writeFileSync(join(folder, 'foreign', 'thesis.txt'), 'mine');
    expect(await refusal(backup, 'foreign')).toContain('is no data folder of Atoll');
    expect(await refusal(join(folder, 'nothing'), 'new')).toContain('does not exist');
    expect(await refusal(join(folder, 'foreign'), 'new')).toContain('it has no backup.json');

    const secret = join(backup, 'secret');
    const kept = readFileSync(secret);
    writeFileSync(secret, 'x'.repeat(kept.length));
    expect(await refusal(backup, 'new')).toContain('is damaged: secret is not what it was');
    writeFileSync(secret, kept);
    const manifest = join(backup, 'backup.json');
    const told = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, told.replace('"secret"', '"../secret"'));
    expect(await refusal(backup, 'new')).toContain('is no backup of a data folder');
    writeFileSync(manifest, told.replace('"format": 1', '"format": 2'));
    expect(await refusal(backup, 'new')).toContain('has format 2');
    rmSync(manifest);
    expect(await refusal(backup, 'new')).toContain('it has no backup.json');

    const archive = join(folder, 'small.tgz');
    expect((await server.atoll(['backup', archive])).code).toBe(0);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    writeFileSync(join(folder, 'cut.tgz'), readFileSync(archive).subarray(0, 5000));
    expect(await refusal(join(folder, 'cut.tgz'), 'new')).toMatch(/cannot be restored|cut off/);
    expect(existsSync(join(folder, 'new'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes('half'))).toEqual([]);
  });

  it('a backup into a place that cannot be written says so and leaves nothing', async () => {
    const { code, err } = await server.atoll(['backup', join(folder, 'no', 'where')]);
    expect([code, err]).toEqual([1, expect.stringContaining(`${join(folder, 'no')} does not exist`)]);
    expect((await server.atoll(['backup', '/dev/null/backup'])).code).toBe(1);
  });
});
