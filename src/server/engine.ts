import { LAST_OUTPUT_CHARACTERS } from './limits.ts';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Miniflare, MiniflareOptions } from 'miniflare';
import { writePrivate } from '../local/kubeconfigs.ts';
import { Failure } from '../local/failure.ts';
import { clusterDomain, IS_CLONE, publicUrl, ROOT } from '../local/settings.ts';
import { hostNames } from './certificates.ts';
import { type DataFolder, stores } from './folder.ts';
import { addressHeader, certificateHeader } from './forwarded-address.ts';
import { type Log, plainLog, terminalLog } from './log.ts';
import type { Listeners } from './listeners.ts';
import { network } from './network.ts';

const require = createRequire(import.meta.url);
/** Not imported: Node would read all of its 4 MB to find out its module type. A published package has it bundled. */
const engine = require(IS_CLONE ? 'miniflare' : join(ROOT, 'dist', 'miniflare', 'index.cjs')) as typeof import('miniflare');

/** As in wrangler.toml. */
const COMPATIBILITY = { compatibilityDate: '2026-06-01', compatibilityFlags: ['nodejs_compat', 'enable_request_signal'] };
const HOST = '127.0.0.1';

/**
 * Garbage collection of workerd's heaps, MB and percent. All clusters share one thread, so a collection stops every tenant: a young
 * generation of V8's usual 16 MB takes up to 10 ms, one of 2 MB takes 1 ms; its extra promotions are paid for by a larger old generation.
 * D1's heaps are small, would be collected last at 32 MB, and until then keep far more native memory alive than that.
 */
const V8_FLAGS = '--max-semi-space-size=2 --initial-old-space-size=4 --heap-growing-percent=60';
/** workerd's warning about foreign flags; harmless. With them it compiles its scripts itself, some 40 ms of a start. */
const FLAGS_NOTICE = /NOSENTRY per-isolate bootstrap compile cache failed its compatibility check/;

export interface Engine {
  /** Address of workerd's plain HTTP socket. */
  address: { host: string; port: number };
  stop(): Promise<void>;
}

/** Migrates D1 to the newest step, recorded in a file beside it: asking D1 costs more than the rest of a start. */
async function migrateD1(miniflare: Miniflare, folder: string): Promise<void> {
  const names = readdirSync(join(ROOT, 'migrations'))
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const record = join(folder, 'd1', 'migrations.json');
  const done: string[] = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : [];
  refuseNewer(done, names, folder);
  const missing = names.filter((name) => !done.includes(name));
  if (missing.length === 0) return;
  const db = await miniflare.getD1Database('DB');
  await db.exec(
    'CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TEXT)',
  );
  const applied = (await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()).results.map((row) => row.name);
  refuseNewer(applied, names, folder);
  for (const name of names.filter((n) => !applied.includes(n))) {
    const statements = readFileSync(join(ROOT, 'migrations', name), 'utf8').split('--> statement-breakpoint');
    const remember = db.prepare('INSERT INTO d1_migrations (name, applied_at) VALUES (?, CURRENT_TIMESTAMP)').bind(name);
    await db.batch([...statements.map((text) => db.prepare(text.trim())), remember]);
  }
  writePrivate(record, JSON.stringify(names));
}

/** Refuses a database of a newer version, which expects other writes. */
function refuseNewer(applied: string[], known: string[], folder: string): void {
  const newer = applied.find((name) => !known.includes(name));
  if (newer !== undefined) throw new Failure(`the data folder ${folder} was written by a newer version of Atoll (${newer})`);
}

const WRAPPER = `#!/bin/sh
# Started by atoll in place of workerd: notes the process, and lets it die with the server where the system can.
echo $$ > "$ATOLL_WORKERD_PID"
command -v setpriv > /dev/null 2>&1 && exec setpriv --pdeathsig KILL "$ATOLL_WORKERD" "$@"
exec "$ATOLL_WORKERD" "$@"
`;

/** Starts workerd through a wrapper that records its pid, and ends one that a killed server left behind: it would hold the databases. */
function guardProcess(folder: string): void {
  if (process.platform === 'win32') return;
  const record = join(folder, 'workerd.pid');
  const left = existsSync(record) ? Number(readFileSync(record, 'utf8')) : 0;
  if (left > 0 && commandOf(left).includes('workerd')) process.kill(left, 'SIGKILL');
  const wrapper = join(folder, 'workerd.sh');
  writeFileSync(wrapper, WRAPPER, { mode: 0o700 });
  process.env.ATOLL_WORKERD ??= require('workerd').default;
  process.env.ATOLL_WORKERD_PID = record;
  process.env.MINIFLARE_WORKERD_PATH = wrapper;
}

function commandOf(pid: number): string {
  return spawnSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' }).stdout ?? '';
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Removes miniflare's signal handlers, which exit with a non-zero code; the server's own stop it in order. */
function withoutSignalHandlers<T>(make: () => T): T {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const made = make();
  SIGNALS.forEach((signal, i) => {
    for (const listener of process.listeners(signal)) if (!before[i].includes(listener)) process.removeListener(signal, listener);
  });
  return made;
}

/** Checks the configured issuers before the server starts. */
async function issuers(): Promise<{ ATOLL_OIDC?: string }> {
  const { ATOLL_OIDC } = process.env;
  if (!ATOLL_OIDC) return {};
  const { issuersOf } = await import('../management/people/issuers.ts');
  try {
    issuersOf(ATOLL_OIDC);
  } catch (error) {
    throw new Failure((error as Error).message);
  }
  return { ATOLL_OIDC };
}

/** Log level: at a terminal failures only, else every request. ATOLL_LOG overrides it. */
function logLevel(): 'all' | 'errors' {
  const { ATOLL_LOG } = process.env;
  if (!ATOLL_LOG) return process.stderr.isTTY ? 'errors' : 'all';
  if (ATOLL_LOG === 'all' || ATOLL_LOG === 'errors') return ATOLL_LOG;
  throw new Failure(`ATOLL_LOG is "${ATOLL_LOG}": it is "all" or "errors"`);
}

/** Logs workerd's output, and reports its end: miniflare would silently start another one. */
function watchOver(out: Readable, err: Readable, log: Log, onEnd: (why: string) => void): void {
  let last = '';
  // Standard output is for the server's own messages.
  createInterface(out).on('line', (line) => log.write(line));
  createInterface(err).on('line', (line) => {
    if (FLAGS_NOTICE.test(line)) return;
    last = `${last}${line}\n`.slice(-LAST_OUTPUT_CHARACTERS);
    log.write(line);
  });
  err.once('close', () => {
    const reason = last.trim().split('\n').at(-1);
    onEnd(`workerd, which serves the clusters, ended by itself${reason ? ` (${reason})` : ''}`);
  });
}

/** Serves the Worker's requests for clusters' ports: PUT and DELETE of `/CLUSTER/PORT`. */
async function portsFor(listeners: Listeners, { method, url }: { method: string; url: string }) {
  const [, cluster, port] = new URL(url).pathname.split('/');
  if (method === 'DELETE') {
    listeners.close(cluster);
    return new engine.Response(null, { status: 204 });
  }
  const why = await listeners.listen(cluster, Number(port));
  return why === undefined ? new engine.Response(null, { status: 204 }) : new engine.Response(why, { status: 409 });
}

/** workerd with the bundled Worker, its objects and its D1 in the data folder. */
export async function startEngine(o: {
  folder: DataFolder;
  script: string;
  ca: string;
  url: string;
  proxySecret: string;
  listeners: Listeners;
  /** Called when workerd ended by itself, with the reason if known. */
  onEnd: (why: string) => void;
}): Promise<Engine> {
  let stopped = false;
  const output = process.stderr.isTTY ? terminalLog(o.folder.path) : plainLog();
  const domain = clusterDomain();
  const { objects, d1 } = stores(o.folder.path);
  for (const path of [objects, d1]) mkdirSync(path, { recursive: true });
  guardProcess(o.folder.path);
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= V8_FLAGS;
  const options: MiniflareOptions = {
    name: 'atoll',
    // Named one by one: miniflare would scan a path for imports, which takes longer than the rest of a start.
    modules: [{ type: 'ESModule', path: basename(o.script), contents: readFileSync(o.script, 'utf8') }],
    modulesRoot: '/',
    ...COMPATIBILITY,
    host: HOST,
    telemetry: { enabled: false },
    log: new engine.Log(engine.LogLevel.ERROR),
    handleRuntimeStdio: (out: Readable, err: Readable) => watchOver(out, err, output, (why) => !stopped && o.onEnd(why)),
    // Calls on behalf of tenants go to public addresses only, whatever a name resolves to.
    outboundService: network('public'),
    serviceBindings: {
      INSIDE: network('public', 'private'),
      PORTS: (request: { method: string; url: string }) => portsFor(o.listeners, request),
    },
    // On a free port that workerd binds itself: one that was looked for before could be another's by then.
    unsafeDirectSockets: [{ host: HOST, port: 0 }],
    durableObjects: {
      CLUSTERS: { className: 'ClusterDO', useSQLite: true },
      TASKS: { className: 'TaskRunnerDO', useSQLite: true },
    },
    durableObjectsPersist: objects,
    d1Databases: { DB: 'atoll' },
    d1Persist: d1,
    bindings: {
      ATOLL_SECRET: o.folder.secret,
      ATOLL_OPERATOR_SHA256: createHash('sha256').update(o.folder.operator).digest('hex'),
      ATOLL_PROXY_SECRET: o.proxySecret,
      ATOLL_ADDRESS_HEADER: addressHeader(o.proxySecret),
      ATOLL_CERTIFICATE_HEADER: certificateHeader(o.proxySecret),
      ATOLL_CA: o.ca,
      ATOLL_LOG: logLevel(),
      ATOLL_URL: publicUrl() ?? o.url,
      ATOLL_HOSTS: hostNames().join(','),
      ...(domain !== undefined && { ATOLL_CLUSTER_DOMAIN: domain }),
      ...(await issuers()),
    },
  };
  const miniflare = withoutSignalHandlers(() => new engine.Miniflare(options));
  await miniflare.ready;
  await migrateD1(miniflare, o.folder.path);
  const stop = () => {
    stopped = true;
    return miniflare.dispose();
  };
  return { address: { host: HOST, port: Number((await miniflare.unsafeGetDirectURL()).port) }, stop };
}
