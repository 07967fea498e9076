import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare, type MiniflareOptions } from 'miniflare';

/** Options of workerd for a Worker of this folder, bundled as the product's is. */
export async function optionsFor(entry: string, alias: Record<string, string> = {}) {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [path(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*', 'node:*'],
    alias: Object.fromEntries(Object.entries(alias).map(([name, file]) => [name, path(file)])),
    logLevel: 'silent',
  });
  return {
    modules: [{ type: 'ESModule' as const, path: 'worker.mjs', contents: outputFiles[0].text }],
    compatibilityDate: '2026-06-01',
    compatibilityFlags: ['nodejs_compat'],
  };
}

/** workerd with one class of objects. */
export const workerd = (
  options: Awaited<ReturnType<typeof optionsFor>>,
  objects: Record<string, string>,
  more: Partial<MiniflareOptions> = {},
) =>
  new Miniflare({
    ...options,
    durableObjects: Object.fromEntries(
      Object.entries(objects).map(([name, className]) => [name, { className, useSQLite: true }]),
    ),
    ...more,
  } as MiniflareOptions);
