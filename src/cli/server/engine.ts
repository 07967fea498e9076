import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { writePrivate } from '../kubeconfigs.ts';
import { ROOT } from '../settings.ts';
import { hostNames } from './certificates.ts';
import { type DataFolder, stores } from './folder.ts';

/** The same as in wrangler.toml. */
const COMPATIBILITY = { compatibilityDate: '2026-06-01', compatibilityFlags: ['nodejs_compat'] };
const HOST = '127.0.0.1';

export interface Engine {
  /** Where workerd listens for plain HTTP. */
  address: { host: string; port: number };
  stop(): Promise<void>;
}

/** A port that is free now; workerd wants a number. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

/** Brings D1 to the newest migration; remembers beside it how far it is, for asking costs more than the rest of a start. */
async function migrateD1(miniflare: Miniflare, folder: string): Promise<void> {
  const names = readdirSync(join(ROOT, 'migrations'))
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const note = join(folder, 'd1', 'migrations.json');
  const done: string[] = existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')) : [];
  const missing = names.filter((name) => !done.includes(name));
  if (missing.length === 0) return;
  const db = await miniflare.getD1Database('DB');
  await db.exec(
    'CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TEXT)',
  );
  const applied = (await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()).results.map((row) => row.name);
  for (const name of names.filter((n) => !applied.includes(n))) {
    const statements = readFileSync(join(ROOT, 'migrations', name), 'utf8').split('--> statement-breakpoint');
    const remember = db.prepare('INSERT INTO d1_migrations (name, applied_at) VALUES (?, CURRENT_TIMESTAMP)').bind(name);
    await db.batch([...statements.map((text) => db.prepare(text.trim())), remember]);
  }
  writePrivate(note, JSON.stringify(names));
}

/** workerd with the bundled Worker, its objects and its D1 in the data folder. */
export async function startEngine(o: { folder: DataFolder; script: string; ca: string; url: string }): Promise<Engine> {
  const port = await freePort();
  const { objects, d1 } = stores(o.folder.path);
  for (const path of [objects, d1]) mkdirSync(path, { recursive: true });
  const miniflare = new Miniflare({
    name: 'atoll',
    modules: true,
    scriptPath: o.script,
    ...COMPATIBILITY,
    host: HOST,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    unsafeDirectSockets: [{ host: HOST, port }],
    durableObjects: { CLUSTERS: { className: 'ClusterDO', useSQLite: true } },
    durableObjectsPersist: objects,
    d1Databases: { DB: 'atoll' },
    d1Persist: d1,
    bindings: {
      ATOLL_SECRET: o.folder.secret,
      ATOLL_OPERATOR_SHA256: createHash('sha256').update(o.folder.operator).digest('hex'),
      ATOLL_CA: o.ca,
      ATOLL_URL: o.url,
      ATOLL_HOSTS: hostNames().join(','),
    },
  });
  await miniflare.ready;
  await migrateD1(miniflare, o.folder.path);
  return { address: { host: HOST, port }, stop: () => miniflare.dispose() };
}
