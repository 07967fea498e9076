import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { codeOf, Failure } from '../local/failure.ts';
import { claimed, userOf } from './folder.ts';
import { hasSqlite, openReadOnly } from './sqlite.ts';

/** Layout version of backups. */
const FORMAT = 1;
const MANIFEST = 'backup.json';
const ARCHIVE = /\.(tgz|tar\.gz)$/;
/** Files of a data folder to back up beside the databases; the others belong to a running server or can be recreated. */
const FILES = [
  'atoll.json',
  'secret',
  'operator.token',
  'ports.json',
  'credentials.json',
  'kubeconfig',
  'ca.crt',
  'ca.key',
  'server.crt',
  'server.key',
  'd1/migrations.json',
];
/** Names that a backup may restore. */
const DATABASE = /^(d1|clusters)\/[\w-]+\/[\w-]+\.sqlite$/;
/** Alarms of objects: written last, since an early alarm is harmless and a missing one is not. */
const ALARMS = /\/metadata\.sqlite$/;
const CLUSTER = /^clusters\/[\w-]+-ClusterDO\/[0-9a-f]{64}\.sqlite$/;

/** Manifest of a backup; it comes last, so that a truncated backup has none. */
interface Manifest {
  format: number;
  createdAt: string;
  files: { path: string; bytes: number; sha256: string }[];
}

export interface BackedUp {
  createdAt: string;
  files: number;
  clusters: number;
  bytes: number;
}

/** Sink of a backup's files. */
interface Target {
  /** Takes a file, which it may move. */
  add(name: string, size: number, file: string): Promise<void>;
  addBytes(name: string, bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

/**
 * Copies a data folder, whether a server uses it or not. Each database is copied in one read transaction: it is complete, at one revision,
 * and its writers do not wait (workerd's databases are in WAL mode). The deployment's own database comes first: whatever it names is then
 * there too, or was deleted meanwhile.
 */
export async function backup(folder: string, to: string, now: number): Promise<BackedUp> {
  if (!hasSqlite()) {
    throw new Failure(
      `a backup needs Node 22.5 or newer, and this is ${process.versions.node}; to run it with one: npx -p node@24 -c "npx atoll backup FILE"`,
    );
  }
  claimed(folder);
  const path = resolve(to);
  if (existsSync(path)) throw new Failure(`${path} exists: a backup overwrites nothing`);
  if (!existsSync(dirname(path))) throw new Failure(`${dirname(path)} does not exist`);
  const half = `${path}.${process.pid}.half`;
  const scratch = `${half}.sqlite`;
  const manifest: Manifest = { format: FORMAT, createdAt: new Date(now).toISOString(), files: [] };
  try {
    const target = ARCHIVE.test(path) ? await archive(half, now) : intoFolder(half);
    for (const name of contents(folder)) {
      const source = join(folder, name);
      if (name.endsWith('.sqlite')) snapshot(source, scratch);
      else writeFileSync(scratch, readFileSync(source), { mode: 0o600 });
      const bytes = statSync(scratch).size;
      manifest.files.push({ path: name, bytes, sha256: await hashOf(scratch) });
      await target.add(name, bytes, scratch);
      rmSync(scratch, { force: true });
    }
    await target.addBytes(MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    await target.end();
    renameSync(half, path);
  } catch (error) {
    for (const left of [half, scratch]) rmSync(left, { recursive: true, force: true });
    throw error;
  }
  const { files } = manifest;
  return {
    createdAt: manifest.createdAt,
    files: files.length,
    clusters: files.filter((file) => CLUSTER.test(file.path) && file.bytes > 0).length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

/** Files to copy, in order. */
function contents(folder: string): string[] {
  const under = (store: string) =>
    existsSync(join(folder, store))
      ? readdirSync(join(folder, store), { recursive: true })
          .map((name) => `${store}/${String(name).replaceAll('\\', '/')}`)
          .filter((name) => DATABASE.test(name))
          .sort()
      : [];
  const objects = under('clusters');
  return [
    ...FILES.filter((name) => existsSync(join(folder, name))),
    ...under('d1'),
    ...objects.filter((name) => !ALARMS.test(name)),
    ...objects.filter((name) => ALARMS.test(name)),
  ];
}

/** Copies a database at one moment. A cluster that is being destroyed leaves an empty one. */
function snapshot(source: string, target: string): void {
  rmSync(target, { force: true });
  let db: DatabaseSync | undefined;
  try {
    db = openReadOnly(source);
    db.exec('PRAGMA busy_timeout = 10000');
    db.prepare('VACUUM INTO ?').run(target);
  } catch (error) {
    if (!existsSync(source)) {
      writeFileSync(target, '', { mode: 0o600 });
      return;
    }
    throw new Failure(`the database ${source} cannot be copied: ${(error as Error).message}`);
  } finally {
    db?.close();
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Syncs a file to disk. */
function settle(file: string): void {
  const handle = openSync(file, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function intoFolder(path: string): Target {
  mkdirSync(path, { mode: 0o700 });
  const place = (name: string) => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return file;
  };
  return {
    add: async (name, _size, file) => {
      await pipeline(createReadStream(file), createWriteStream(place(name), { mode: 0o600 }));
      settle(place(name));
    },
    addBytes: async (name, bytes) => writeFileSync(place(name), bytes, { mode: 0o600 }),
    end: async () => undefined,
  };
}

async function archive(path: string, now: number): Promise<Target> {
  const file = createWriteStream(path, { mode: 0o600, flags: 'wx' });
  await once(file, 'open');
  const tar = pack();
  const written = pipeline(tar, createGzip(), file);
  // The final await throws it; until then a failed disk shows in the writes.
  written.catch(() => undefined);
  const header = (name: string, size: number) => ({ name, size, mode: 0o600, mtime: new Date(now) });
  return {
    add: async (name, size, from) => {
      // Fails when the file's size has changed.
      await Promise.race([pipeline(createReadStream(from), tar.entry(header(name, size))), written]);
    },
    addBytes: async (name, bytes) => void tar.entry(header(name, bytes.length), bytes),
    end: async () => {
      tar.finalize();
      await written;
      settle(path);
    },
  };
}

/** Restores a data folder from a backup, only where there is none: nothing is overwritten, and nothing half restored is left. */
export async function restore(from: string, folder: string): Promise<BackedUp> {
  const source = resolve(from);
  if (!existsSync(source)) throw new Failure(`${source} does not exist`);
  refuseOccupied(folder);
  if (!existsSync(dirname(folder))) throw new Failure(`${dirname(folder)} does not exist`);
  const half = `${folder}.${process.pid}.half`;
  try {
    mkdirSync(half, { mode: 0o700 });
    const manifest = await unpack(source, half);
    for (const { path, bytes, sha256 } of manifest.files) {
      const file = join(half, path);
      if (!existsSync(file) || statSync(file).size !== bytes || (await hashOf(file)) !== sha256) {
        throw new Failure(`${source} is damaged: ${path} is not what it was`);
      }
      settle(file);
    }
    rmSync(join(half, MANIFEST));
    // An empty folder may be there already; on some systems a rename does not replace it.
    rmSync(folder, { recursive: true, force: true });
    renameSync(half, folder);
    const { createdAt, files } = manifest;
    const clusters = files.filter((file) => CLUSTER.test(file.path) && file.bytes > 0).length;
    return { createdAt, files: files.length, clusters, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (error instanceof Failure) throw error;
    throw new Failure(`${source} cannot be restored into ${folder}: ${(error as Error).message}`);
  }
}

/** Refuses a folder that is not empty. */
function refuseOccupied(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new Failure(`${folder} is not a folder; ATOLL_DATA names another`);
  if (readdirSync(folder).length === 0) return;
  const user = userOf(folder);
  if (user !== undefined) throw new Failure(`a server (process ${user}) is using the data folder ${folder}: stop it first`);
  claimed(folder);
  throw new Failure(`the data folder ${folder} holds data already: move it away, or name another with ATOLL_DATA`);
}

const isOurs = (name: string): boolean => name === MANIFEST || FILES.includes(name) || DATABASE.test(name);

async function unpack(source: string, half: string): Promise<Manifest> {
  const put = async (name: string, content: AsyncIterable<Buffer>) => {
    if (!isOurs(name)) throw new Failure(`${source} is no backup of a data folder: it holds ${JSON.stringify(name)}`);
    const file = join(half, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    await pipeline(content, createWriteStream(file, { mode: 0o600, flags: 'wx' }));
  };
  if (statSync(source).isDirectory()) {
    const names = manifestOf(join(source, MANIFEST), source).files.map(({ path }) => path);
    for (const name of [...names, MANIFEST]) await put(name, openFile(join(source, name), source));
  } else {
    const entries = extract();
    // Malformed bytes end the loop with an error.
    pipeline(createReadStream(source), createGunzip(), entries).catch(() => undefined);
    for await (const entry of entries) await put(entry.header.name, entry);
  }
  return manifestOf(join(half, MANIFEST), source);
}

function openFile(file: string, source: string): AsyncIterable<Buffer> {
  if (!existsSync(file)) throw new Failure(`${source} is damaged: ${file} is missing`);
  return createReadStream(file);
}

function manifestOf(file: string, source: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? `it has no ${MANIFEST}` : `its ${MANIFEST} cannot be read`;
    throw new Failure(`${source} is no whole backup: ${why}`);
  }
  if (manifest.format !== FORMAT) {
    throw new Failure(`${source} has format ${manifest.format}; this version of Atoll knows format ${FORMAT}`);
  }
  if (!Array.isArray(manifest.files) || !manifest.files.every(({ path }) => isOurs(path))) {
    throw new Failure(`${source} is no backup of a data folder`);
  }
  return manifest;
}
