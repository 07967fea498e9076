import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTree, type SourceFile, violations, vocabulary } from '../tidy/rules.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What the outside starts (worker entry, CLI programs), what `npm run openapi` writes from, and declarations of packages without types. */
const ENTRIES =
  /^src\/(management\/http\/document\.ts|worker\/(edge\/index|object\/cluster)\.worker\.ts|cli\/main\.ts|server\/tar-stream\.d\.ts)$/;

const tree = (files: Record<string, string>): SourceFile[] => Object.entries(files).map(([path, text]) => ({ path, text }));
const check = (files: Record<string, string>) => violations(tree(files), (path) => path.endsWith('entry.ts'));

describe('tidy', () => {
  it('[TIDY0] the tree obeys every rule', () => {
    expect(violations(readTree(ROOT, ['src', 'test']), (path) => ENTRIES.test(path))).toEqual([]);
  });

  it('[TIDY6] every rule of a SPEC.md is quoted by a test', () => {
    const tests = readTree(ROOT, ['test'])
      .map((f) => f.text)
      .join('\n');
    for (const room of readdirSync(join(ROOT, 'src'))) {
      const spec = join(ROOT, 'src', room, 'SPEC.md');
      if (!existsSync(spec)) continue;
      const ids = new Set(readFileSync(spec, 'utf8').match(/\b[A-Z]{2,6}\d+\b/g));
      expect(
        [...ids].filter((id) => !new RegExp(`\\b${id}\\b`).test(tests)),
        spec,
      ).toEqual([]);
    }
  });

  it('[TIDY1] an import that points upwards is a violation', () => {
    expect(check({ 'src/store/entry.ts': "import { x } from '../registry/b.ts';", 'src/registry/b.ts': '' })).toEqual([
      'src/store/entry.ts: store may not import registry',
    ]);
  });

  it('[TIDY1] an import of a sibling is a violation', () => {
    expect(check({ 'src/scheduler/entry.ts': "import { x } from '../kubelet/b.ts';", 'src/kubelet/b.ts': '' })).toEqual([
      'src/scheduler/entry.ts: scheduler may not import kubelet',
    ]);
  });

  it('[TIDY1] a client may not reach into the stack', () => {
    expect(check({ 'src/cli/entry.ts': "import { x } from '../store/b.ts';", 'src/store/b.ts': '' })).toEqual([
      'src/cli/entry.ts: cli may not import store',
    ]);
  });

  it('[TIDY1] an unknown room and an import of test code are violations', () => {
    expect(check({ 'src/utils/entry.ts': '' })).toEqual(['src/utils/entry.ts: the room utils is in no layer']);
    expect(check({ 'src/lib/entry.ts': "import { x } from '../../test/b.ts';" })).toEqual([
      'src/lib/entry.ts: src imports test (test/b.ts)',
    ]);
  });

  it('[TIDY2] a cycle is a violation', () => {
    expect(check({ 'src/lib/entry.ts': "import './b.ts';", 'src/lib/b.ts': "export * from './entry.ts';" })).toEqual([
      'a cycle of imports: src/lib/entry.ts -> src/lib/b.ts -> src/lib/entry.ts',
    ]);
  });

  it('[TIDY2] a cycle of types alone is a violation in src, and none in tests', () => {
    const pair = (room: string) => ({
      [`${room}/entry.ts`]: "import type { B } from './b.ts';",
      [`${room}/b.ts`]: "import type { A } from './entry.ts';",
    });
    expect(check(pair('src/lib'))).toEqual(['a cycle of imports: src/lib/entry.ts -> src/lib/b.ts -> src/lib/entry.ts']);
    expect(check(pair('test/x'))).toEqual([]);
  });

  it('[TIDY3] a file that nothing imports is a violation', () => {
    expect(check({ 'src/lib/orphan.ts': 'export const x = 1;' })).toEqual(['src/lib/orphan.ts: nothing in src imports it']);
  });

  it('[TIDY3] a file that only tests import is a violation', () => {
    const files = { 'src/lib/tested.ts': 'export const x = 1;', 'test/a.test.ts': "import { x } from '../src/lib/tested.ts';" };
    expect(check(files)).toEqual(['src/lib/tested.ts: nothing in src imports it']);
  });

  it('[TIDY4] a long file, a long function and a long line are violations', () => {
    expect(check({ 'src/lib/entry.ts': 'x\n'.repeat(401) })).toEqual(['src/lib/entry.ts: 401 lines, at most 400']);
    const long = `export function f(): void {\n${'  x();\n'.repeat(70)}}\n`;
    expect(check({ 'src/lib/entry.ts': long })).toEqual(['src/lib/entry.ts:1: function f has 72 lines, at most 70']);
    const method = `class A {\n  go(a: string): void {\n${'    x();\n'.repeat(70)}  }\n}\n`;
    expect(check({ 'src/lib/entry.ts': method })).toEqual(['src/lib/entry.ts:2: function go has 72 lines, at most 70']);
    const arrow = `const f = (a: string): void => {\n${'  x();\n'.repeat(70)}};\n`;
    expect(check({ 'src/lib/entry.ts': arrow })).toEqual(['src/lib/entry.ts:1: function f has 72 lines, at most 70']);
    expect(check({ 'src/lib/entry.ts': `// ${'x'.repeat(160)}` })).toEqual(['src/lib/entry.ts:1: 163 columns, at most 160']);
  });

  it('[TIDY7] a word that was coined here is a violation, in names and in comments', () => {
    for (const code of ['const chores = 1;', '// The keeper wakes.', 'function runChore() {}', 'const CHORE_MS = 1;']) {
      expect(check({ 'src/lib/entry.ts': code }), code).toHaveLength(1);
    }
    expect(check({ 'src/lib/entry.ts': '// A housekeeper counts parties of third parties, and moulders.' })).toEqual([]);
  });

  it('[TIDY7] no page of the documentation has a coined word', () => {
    const root = ['ARCHITECTURE.md', 'README.md'].map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
    const pages = [...root, ...readTree(ROOT, ['src', 'docs'], '.md')];
    expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['src/store/SPEC.md', 'docs/limits.md']));
    expect(pages.flatMap(vocabulary)).toEqual([]);
    expect(vocabulary({ path: 'docs/a.md', text: 'Strangers wait.' })).toEqual(['docs/a.md: "stranger" is anonymous client']);
  });

  it.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['Math.random()', 'Math.random'],
    ['crypto.randomUUID()', 'randomUUID'],
    ['setTimeout(f, 1)', 'setTimeout'],
    ["import { x } from 'cloudflare:workers';", 'cloudflare:*'],
    ["import fs from 'node:fs';", 'node:*'],
  ])('[TIDY5] only a shell may name %s', (code, name) => {
    expect(check({ 'src/lib/entry.ts': code })).toEqual([`src/lib/entry.ts: only a shell may name ${name}`]);
    expect(check({ 'src/worker/entry.ts': code })).toEqual([]);
    expect(check({ 'src/lib/entry.ts': `// ${code}` })).toEqual([]);
  });

  it.each(['this.#registry.store.at(1)', 'const { kinds, store } = cluster.registry;', 'registry.kernel.append()'])(
    '[TIDY5] only the registry may name what stands under it: %s',
    (code) => {
      const found = (path: string) => violations([{ path, text: code }], () => true);
      expect(found('src/apiserver/a.ts')).toEqual(['src/apiserver/a.ts: only the registry may name its store and its kernel']);
      expect(found('src/registry/a.ts')).toEqual([]);
    },
  );

  it.each([
    'const MAX = 10_000;',
    'export const MEMO_ENTRIES = 256;',
    'const MAX_DEPTH = 3;',
    'const RETRIES = 5;',
    'const READ_BYTES = 128 * 1024;',
  ])("[TIDY9] bounds stand in their room's limits.ts: %s", (code) => {
    const found = (path: string) => violations([{ path, text: code }], () => true);
    expect(found('src/store/a.ts')).toEqual([
      `src/store/a.ts: the bound ${/const (\w+)/.exec(code)?.[1]} stands in the room's limits.ts`,
    ]);
    expect(found('src/store/limits.ts')).toEqual([]);
    expect(found('src/api/a.ts')).toEqual([]);
  });

  it.each([
    ['SELECT json FROM log WHERE rev = ?', 'src/cluster/a.ts: only store may name log in SQL'],
    ['DELETE FROM meta', 'src/cluster/a.ts: only store may name meta in SQL'],
    ['INSERT INTO timers (at) VALUES (?)', 'src/cluster/a.ts: only time may name its table in SQL'],
  ])('[TIDY8] a table is named by its room alone: %s', (sql, problem) => {
    const found = (path: string) => violations([{ path, text: `sql.run('${sql}')` }], () => true);
    expect(found('src/cluster/a.ts')).toEqual([problem]);
    expect(found(problem.includes('time') ? 'src/time/a.ts' : 'src/store/a.ts')).toEqual([]);
  });

  it('[TIDY1] a cluster imports nothing of its management', () => {
    const files = [
      { path: 'src/cluster/a.ts', text: "import { b } from '../management/b.ts';" },
      { path: 'src/management/b.ts', text: 'export const b = 1;' },
    ];
    expect(violations(files, () => true)).toEqual([
      'src/cluster/a.ts: a cluster does not know its management (src/management/b.ts)',
    ]);
  });

  it('[TIDY5] the client runs in browsers, so it names nothing of Node', () => {
    const files = { 'src/client/entry.ts': "import { request } from 'node:https';\nsetTimeout(request, 1);" };
    expect(check(files)).toEqual(['src/client/entry.ts: a browser has no node:*']);
  });
});
