// Bundles the Worker and the CLI with esbuild: for a clone into node_modules/.cache/atoll, again whenever a source of them changed; for
// what is published into dist (pack.mjs). Plain JavaScript, because whatever Node runs a clone runs this first.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');
/** What every bundle is made of beside its own sources: the versions of packages, and this file. */
const COMMON = ['package-lock.json', 'src/build/bundle.mjs'];

const common = { bundle: true, write: false, format: 'esm', legalComments: 'none', logLevel: 'silent', absWorkingDir: ROOT, metafile: true };

/** Options of esbuild by name of the bundle; functions, for some of them read files. */
export const BUNDLES = {
  worker: async () => {
    const { descriptionsModule, MODULE } = await import('../api/openapi/descriptions.mjs');
    return {
      ...common,
      entryPoints: ['src/worker/edge/index.worker.ts'],
      target: 'es2024',
      minifySyntax: true,
      minifyWhitespace: true,
      conditions: ['workerd', 'worker', 'import'],
      external: ['cloudflare:*', 'node:*'],
      alias: { [MODULE]: descriptionsModule() },
    };
  },
  /** Runs the command line that its process got. Packages that are CommonJS ask for a `require`. */
  cli: async () => ({
    ...common,
    stdin: { contents: `import { main } from './src/cli/main.ts'; await main(process.argv.slice(2));`, resolveDir: ROOT },
    platform: 'node',
    target: 'node20.11',
    minifySyntax: true,
    banner: { js: `import { createRequire as __requireOf } from 'node:module'; const require = __requireOf(import.meta.url);` },
  }),
};

/** A hash over the contents of files; undefined when one of them is gone. */
function fingerprint(files) {
  const hash = createHash('sha256');
  try {
    for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  } catch {
    return undefined;
  }
  return hash.digest('hex').slice(0, 16);
}

/** The sources of a bundle, as esbuild tells them; of packages only the versions count. */
const sourcesOf = (metafile) =>
  Object.keys(metafile.inputs)
    .map((file) => relative(ROOT, join(ROOT, file)).split(sep).join('/'))
    .filter((file) => file.startsWith('src/'))
    .concat(['src/api/openapi/descriptions.generated.json', 'src/api/openapi/extras.generated.json'])
    .concat(COMMON);

/** Writes a file all at once: others may be reading the one that it replaces. */
function put(file, contents) {
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, contents);
  renameSync(next, file);
}

/** The file of an up-to-date bundle ("worker" or "cli"), made now unless it was made of the same sources before. */
export async function bundle(name) {
  const list = join(CACHE, `${name}.sources.json`);
  const sources = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  const made = fingerprint(sources);
  const found = join(CACHE, `${name}-${made}.mjs`);
  if (sources.length && made !== undefined && existsSync(found)) return found;
  const { build, stop } = await import('esbuild');
  const { outputFiles, metafile } = await build(await BUNDLES[name]());
  // Else its process stays beside the server.
  await stop();
  const files = sourcesOf(metafile);
  const file = join(CACHE, `${name}-${fingerprint(files)}.mjs`);
  mkdirSync(CACHE, { recursive: true });
  put(file, outputFiles[0].contents);
  put(list, JSON.stringify(files));
  for (const old of readdirSync(CACHE)) {
    if (old.startsWith(`${name}-`) && old.endsWith('.mjs') && join(CACHE, old) !== file) rmSync(join(CACHE, old), { force: true });
  }
  return file;
}
