import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descriptionsModule, MODULE } from '../api/openapi/descriptions.mjs';
import { CACHE, ROOT } from '../local/settings.ts';

const ENTRY = join(ROOT, 'src', 'worker', 'edge', 'index.worker.ts');
/** Rooms that are no part of the Worker. */
const CLIENTS = new Set(['cli', 'client', 'console', 'local', 'server']);

/** A hash over the contents of everything the bundle is made of. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const source = join(ROOT, 'src');
  for (const room of readdirSync(source).sort()) {
    if (CLIENTS.has(room)) continue;
    for (const entry of readdirSync(join(source, room), { recursive: true }).map(String).sort()) {
      const file = join(source, room, entry);
      if (!/\.(ts|json)$/.test(entry) || !statSync(file).isFile()) continue;
      hash.update(`${room}/${entry}\0`).update(readFileSync(file));
    }
  }
  return hash
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
    .slice(0, 16);
}

/** Bundles the Worker, unless it was bundled from the same sources before. Returns the file. */
export async function bundle(): Promise<string> {
  const name = `worker-${fingerprint()}.mjs`;
  const file = join(CACHE, name);
  if (existsSync(file)) return file;
  const { build, stop } = await import('esbuild');
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: 'none',
    conditions: ['workerd', 'worker', 'import'],
    external: ['cloudflare:*', 'node:*'],
    alias: { [MODULE]: descriptionsModule() },
    logLevel: 'silent',
    absWorkingDir: ROOT,
  });
  // Else its process stays beside the server.
  await stop();
  mkdirSync(CACHE, { recursive: true });
  for (const old of readdirSync(CACHE)) if (/^worker-.*\.mjs$/.test(old)) rmSync(join(CACHE, old), { force: true });
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, result.outputFiles[0].contents);
  renameSync(next, file);
  return file;
}
