import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterAll, describe, expect, it } from 'vitest';

/** The suites of suite.worker.mjs, run in the real runtime; each test here asks for one of them. */
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const { outputFiles } = await build({
  entryPoints: [path('suite.worker.mjs')],
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2024',
  external: ['cloudflare:*', 'node:*'],
  alias: { vitest: path('vitest-in-worker.mjs') },
  logLevel: 'silent',
});
const miniflare = new Miniflare({
  modules: [{ type: 'ESModule', path: 'suite.mjs', contents: outputFiles[0].text }],
  compatibilityDate: '2026-06-01',
  compatibilityFlags: ['nodejs_compat'],
  durableObjects: { SUBJECTS: { className: 'Subject', useSQLite: true } },
});
const url = await miniflare.ready;
const names = (await (await fetch(url)).json()) as string[];
afterAll(() => miniflare.dispose());

describe('in workerd', () => {
  it('has suites', () => expect(names.length).toBeGreaterThan(10));

  it.each(names)('%s', async (name) => {
    const answer = await fetch(url, { method: 'POST', body: name });
    expect(await answer.text()).toBe('');
  });
});
