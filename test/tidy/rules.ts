import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from './typescript-scan.ts';
import { COINED, coinedWords } from './vocabulary.ts';

export interface SourceFile {
  /** Path from the root, with slashes: "src/store/store.ts". */
  path: string;
  text: string;
}

/** Layer of a room under src/; imports point only downwards, siblings of one layer never meet. */
const LAYERS: Record<string, number> = {
  lib: 0,
  api: 1,
  store: 1,
  time: 2,
  tenancy: 1,
  registry: 2,
  reconcile: 3,
  controllers: 4,
  scheduler: 4,
  kubelet: 4,
  network: 4,
  admission: 4,
  authn: 4,
  authz: 4,
  apiserver: 5,
  management: 5,
  runtimes: 5,
  cluster: 6,
  worker: 7,
};
/** Clients stand beside the stack: what they may import. */
const CLIENTS: Record<string, string[]> = {
  client: ['lib', 'management', 'api'],
  console: ['client', 'lib', 'management', 'api'],
  local: ['client', 'lib', 'api'],
  build: ['api'],
  server: ['build', 'client', 'local', 'lib', 'management', 'api'],
  cli: ['client', 'local', 'server', 'lib', 'management', 'api'],
};
/** Rooms where the clock, chance and the platform may be named: the Worker, and Node programs, which are not part of the core. */
const SHELLS = new Set(['worker', 'server', 'local', 'client', 'cli', 'console']);
/** Rooms that run in browsers too. */
const BROWSER = new Set(['client', 'console']);
const NODE: [RegExp, string] = [/['"]node:/, 'node:*'];
/** The Worker's bindings are typed by the classes of the objects behind them: how Workers are typed. */
const TYPED_BY_CLASSES = new Set(['src/worker/platform/env.worker.ts']);
const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;
const MAX_COLUMNS = 160;
const BANNED: [RegExp, string][] = [
  [/\bDate\.now\b/, 'Date.now'],
  [/\bnew Date\(\)/, 'new Date()'],
  [/\bMath\.random\b/, 'Math.random'],
  [/\brandomUUID\b/, 'randomUUID'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'setTimeout'],
  [/\bperformance\.now\b/, 'performance.now'],
  [/['"]cloudflare:/, 'cloudflare:*'],
  NODE,
  [/\bgetRandomValues\b/, 'getRandomValues'],
];

export function readTree(root: string, folders: string[], extension = '.ts'): SourceFile[] {
  const out: SourceFile[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(extension)) out.push({ path, text: readFileSync(join(root, path), 'utf8') });
    }
  };
  for (const folder of folders) walk(folder);
  return out;
}

/** Every violation in a tree, one line each; an empty list is a tidy tree. `entries` are the files that nothing imports by right. */
export function violations(files: SourceFile[], entries: (path: string) => boolean): string[] {
  const graph = new Map(files.map((f) => [f.path, importsOf(f)]));
  return [
    ...files.flatMap((f) => [
      ...direction(f, graph.get(f.path) ?? []),
      ...banned(f),
      ...tables(f),
      ...lengths(f),
      ...bounds(f),
      ...vocabulary(f),
    ]),
    ...cycles(new Map(files.map((f) => [f.path, importsOf(f, roomOf(f.path) !== undefined && !TYPED_BY_CLASSES.has(f.path))]))),
    ...dead(graph, entries),
  ];
}

const roomOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];
const GENERATED = /\.generated\.|\.json$/;

function importsOf(file: SourceFile, types = true): string[] {
  const out: string[] = [];
  for (const match of file.text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?from\s*'(\.[^']+)'|import\s*\(?\s*'(\.[^']+)'/g,
  )) {
    if (match[1] && !types) continue;
    out.push(normalize(join(dirname(file.path), match[2] ?? match[3])).replaceAll('\\', '/'));
  }
  return out;
}

function direction(file: SourceFile, imports: string[]): string[] {
  const room = roomOf(file.path);
  if (!room) return [];
  if (!(room in LAYERS) && !(room in CLIENTS)) return [`${file.path}: the room ${room} is in no layer`];
  return imports.flatMap((target) => {
    const other = roomOf(target);
    if (!other || other === room) return target.startsWith('test/') ? [`${file.path}: src imports test (${target})`] : [];
    if (MANAGED.test(file.path) && other === 'management')
      return [`${file.path}: a cluster does not know its management (${target})`];
    const allowed = room in CLIENTS ? CLIENTS[room].includes(other) : other in LAYERS && LAYERS[other] < LAYERS[room];
    return allowed ? [] : [`${file.path}: ${room} may not import ${other}`];
  });
}

/** Tables that one room alone names in SQL: the room, and its tables. */
const TABLES: Record<string, RegExp> = {
  store: /\b(FROM|INTO|JOIN|UPDATE)\s+(log|heads|refs|checkpoints|meta)\b/,
  time: /\b(FROM|INTO|JOIN|UPDATE)\s+timers\b/,
  reconcile: /\b(FROM|INTO|JOIN|UPDATE)\s+outbox\b/,
};
/** Clusters and their objects know nothing of who manages them: what both share is in tenancy. */
const MANAGED = /^src\/(cluster|worker\/object)\//;

function tables(file: SourceFile): string[] {
  const room = roomOf(file.path);
  if (!room) return [];
  const code = ts.withoutComments(file.text);
  return Object.entries(TABLES)
    .filter(([owner, names]) => owner !== room && names.test(code))
    .map(([owner, names]) => `${file.path}: only ${owner} may name ${names.exec(code)?.[2] ?? 'its table'} in SQL`);
}

/** What stands under the registry: whoever writes takes the pipeline, whoever reads the log has `registry.log`. */
const BELOW_REGISTRY = /\bregistry\.(store|kernel)\b|\{[^{}]*\b(store|kernel)\b[^{}]*\} = [^;\n]*\bregistry\b/;

function banned(file: SourceFile): string[] {
  const room = roomOf(file.path);
  if (!room || (SHELLS.has(room) && !BROWSER.has(room))) return [];
  const code = ts.withoutComments(file.text);
  if (BROWSER.has(room)) return NODE[0].test(code) ? [`${file.path}: a browser has no ${NODE[1]}`] : [];
  const out = BANNED.filter(([pattern]) => pattern.test(code)).map(([, name]) => `${file.path}: only a shell may name ${name}`);
  if (room !== 'registry' && BELOW_REGISTRY.test(code))
    out.push(`${file.path}: only the registry may name its store and its kernel`);
  return out;
}

function lengths(file: SourceFile): string[] {
  if (GENERATED.test(file.path)) return [];
  const lines = file.text.split('\n');
  const out: string[] = [];
  if (lines.length - 1 > MAX_FILE_LINES) out.push(`${file.path}: ${lines.length - 1} lines, at most ${MAX_FILE_LINES}`);
  const long = lines.findIndex((line) => line.length > MAX_COLUMNS);
  if (long >= 0) out.push(`${file.path}:${long + 1}: ${lines[long].length} columns, at most ${MAX_COLUMNS}`);
  if (!roomOf(file.path)) return out;
  for (const f of ts.functions(file.text)) {
    if (f.lines > MAX_FUNCTION_LINES)
      out.push(`${file.path}:${f.line}: function ${f.name} has ${f.lines} lines, at most ${MAX_FUNCTION_LINES}`);
  }
  return out;
}

/** Rooms whose bounds are in their limits.ts (MG79); those of the others are upstream's validation and its controllers' constants. */
const BOUNDED = new Set([
  'apiserver',
  'authn',
  'authz',
  'cluster',
  'kubelet',
  'management',
  'reconcile',
  'runtimes',
  'server',
  'store',
  'worker',
]);
/** Constants that bound what is kept, read or waited for, by their names; lengths of formats are short. */
const BOUND =
  /^(?:export )?const (MAX|RETRIES|BATCH|MAX_\w+|\w+_(?:MAX|KEPT|ENTRIES|ROWS|CHARACTERS|TIMEOUT_MS)|\w+_BYTES(?= = (?:\d[\d_]{2}|\d+ \*))) = -?\d/gm;

function bounds(file: SourceFile): string[] {
  if (!BOUNDED.has(roomOf(file.path) ?? '') || file.path.endsWith('/limits.ts')) return [];
  return [...ts.withoutComments(file.text).matchAll(BOUND)].map(
    ([, name]) => `${file.path}: the bound ${name} stands in the room's limits.ts`,
  );
}

/** Violations of the vocabulary in a file of src or a page of the documentation. */
export function vocabulary(file: SourceFile): string[] {
  if (!(roomOf(file.path) || file.path.endsWith('.md')) || GENERATED.test(file.path)) return [];
  return coinedWords(file.text).map((word) => `${file.path}: "${word}" is ${COINED[word]}`);
}

/** Modules that refer to each other, in src also by types alone: no one of them can be read, moved or tested without the others. */
function cycles(graph: Map<string, string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const out: string[] = [];
  const visit = (path: string, trail: string[]) => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      out.push(`a cycle of imports: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
      return;
    }
    state.set(path, 'open');
    for (const next of graph.get(path) ?? []) if (graph.has(next)) visit(next, [...trail, path]);
    state.set(path, 'done');
  };
  for (const path of graph.keys()) visit(path, []);
  return out;
}

/** Files of src that no file of src imports: a test that imports one does not make it part of the program. */
function dead(graph: Map<string, string[]>, entries: (path: string) => boolean): string[] {
  const used = new Set([...graph].filter(([path]) => roomOf(path)).flatMap(([, imports]) => imports));
  return [...graph.keys()]
    .filter((path) => roomOf(path) && !used.has(path) && !entries(path))
    .map((path) => `${path}: nothing in src imports it`);
}
