import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSecret, PREFIXES } from '../lib/secrets.ts';
import { codeOf, Failure } from '../local/failure.ts';
import { writePrivate } from '../local/kubeconfigs.ts';

/** Layout version of a data folder that this version reads and writes. */
const FORMAT = 1;
const MARKER = 'atoll.json';
const LOCK = 'server.pid';
const CLIENT_FILES = ['session.json', 'kubeconfig', 'cache'];

interface Marker {
  format: number;
}

/** A data folder, locked while the server runs. */
export interface DataFolder {
  path: string;
  /** Key of the deployment's ids; as old as the folder. */
  secret: string;
  operator: string;
  release(): void;
}

function make(path: string): void {
  if (existsSync(path) && !statSync(path).isDirectory())
    throw new Failure(`the data folder ${path} is not a folder; ATOLL_DATA names another`);
  try {
    // Not always recursive: in some file systems (/proc) a recursive mkdir never returns.
    if (!existsSync(path)) mkdirSync(path, { recursive: !existsSync(dirname(path)), mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    // access() grants root even where the file system is read-only.
    writeFileSync(join(path, '.writable'), '');
    rmSync(join(path, '.writable'));
  } catch (error) {
    throw new Failure(`the data folder ${path} cannot be written (${codeOf(error)}); ATOLL_DATA names another`);
  }
}

/** Refuses a folder with other files, or of a newer version. */
function claim(path: string): void {
  const file = join(path, MARKER);
  if (!existsSync(file)) {
    // A crash of the first start leaves at most the first two; the others are the CLI's, which may have used another server first.
    const foreign = readdirSync(path).filter((name) => name !== LOCK && !name.startsWith(MARKER) && !CLIENT_FILES.includes(name));
    if (foreign.length)
      throw new Failure(`the data folder ${path} holds files that are not Atoll's (${foreign[0]}); ATOLL_DATA names another`);
    writePrivate(file, `${JSON.stringify({ format: FORMAT })}\n`);
    return;
  }
  checkMarker(path);
}

/** Refuses a folder that no server has initialized. */
export function claimed(path: string): void {
  if (!existsSync(join(path, MARKER))) throw new Failure(`${path} is no data folder of Atoll; ATOLL_DATA names another`);
  checkMarker(path);
}

function checkMarker(path: string): void {
  const file = join(path, MARKER);
  let marker: Marker;
  try {
    marker = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Failure(`the data folder ${path} is damaged: ${MARKER} cannot be read`);
  }
  if (marker.format !== FORMAT)
    throw new Failure(`the data folder ${path} has format ${marker.format}; this version of Atoll knows format ${FORMAT}`);
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
};

/** Whether a process is a zombie: killed, and not reaped by its parent; without a parent it stays so. */
function isZombie(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /\) [ZX] /.test(readFileSync(file, 'latin1'));
}

/** Process of the server that uses the folder, if any. */
export function userOf(path: string): number | undefined {
  const file = join(path, LOCK);
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return pid !== process.pid && pid > 0 && alive(pid) ? pid : undefined;
}

/** Locks the folder for one server. The lock of a dead process is free. */
function lock(path: string): () => void {
  const file = join(path, LOCK);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const user = userOf(path);
      if (user !== undefined) throw new Failure(`a server (process ${user}) is using the data folder ${path}`);
      rmSync(file, { force: true });
    }
  }
  throw new Failure(`the data folder ${path} is being taken by another server`);
}

const token = (bytes: number) => randomBytes(bytes).toString('base64url');
const operatorToken = () => makeSecret(PREFIXES.operator, { token });

/** A secret of the folder, created at the first start. */
function secret(path: string, name: string, make: () => string): string {
  const file = join(path, name);
  if (!existsSync(file)) writePrivate(file, `${make()}\n`);
  const value = readFileSync(file, 'utf8').trim();
  if (value.length < 32) throw new Failure(`the data folder ${path} is damaged: ${name} is too short`);
  return value;
}

const MAGIC = 'SQLite format 3\0';

/** Checks the head of every database, so that an overwritten or truncated one is not served as empty. */
function checkDatabases(path: string): void {
  const head = Buffer.alloc(MAGIC.length);
  for (const entry of existsSync(path) ? readdirSync(path, { recursive: true, withFileTypes: true }) : []) {
    if (!entry.isFile() || !entry.name.endsWith('.sqlite')) continue;
    const file = join(entry.parentPath, entry.name);
    if (statSync(file).size === 0 && existsSync(`${file}-wal`)) continue;
    const handle = openSync(file, 'r');
    const read = readSync(handle, head, 0, head.length, 0);
    closeSync(handle);
    if (read > 0 && head.toString('latin1', 0, read) !== MAGIC)
      throw new Failure(`the database ${file} is corrupt: restore it from a copy, or delete it and lose what it held`);
  }
}

/** Folder of workerd's databases. */
export const stores = (folder: string) => ({ objects: join(folder, 'clusters'), d1: join(folder, 'd1') });

/** Opens and locks the data folder, creating it at the first start; throws a one-sentence reason. */
export function openFolder(path: string): DataFolder {
  make(path);
  const release = lock(path);
  try {
    claim(path);
    for (const store of Object.values(stores(path))) checkDatabases(store);
    return {
      path,
      secret: secret(path, 'secret', () => token(32)),
      operator: secret(path, 'operator.token', operatorToken),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
