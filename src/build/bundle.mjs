// Bundles the Worker and the CLI with esbuild: for a clone into node_modules/.cache/atoll, again whenever a source of them changed; for
// what is published into dist (pack.mjs). Plain JavaScript, because whatever Node runs a clone runs this first.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'atoll');
/** What every bundle is made of beside its own sources: the versions of packages, and this file. */
const COMMON = ['package-lock.json', 'src/build/bundle.mjs'];

const common = { bundle: true, write: false, format: 'esm', outdir: 'dist', outExtension: { '.js': '.mjs' }, legalComments: 'none', logLevel: 'silent', absWorkingDir: ROOT, metafile: true };

/** Options of esbuild by name of the bundle; functions, for some of them read files. */
export const BUNDLES = {
  worker: async () => {
    const { descriptionsModule, MODULE } = await import('../api/openapi/descriptions.mjs');
    return {
      ...common,
      entryPoints: { worker: 'src/worker/edge/index.worker.ts' },
      target: 'es2024',
      minifySyntax: true,
      minifyWhitespace: true,
      conditions: ['workerd', 'worker', 'import'],
      external: ['cloudflare:*', 'node:*'],
      alias: { [MODULE]: descriptionsModule() },
    };
  },
  /** Runs the command line that its process got. In chunks, so that a command reads what it needs. Packages that are CommonJS ask for a `require`. */
  cli: async () => ({
    ...common,
    entryPoints: { cli: 'src/cli/main.ts' },
    splitting: true,
    chunkNames: 'chunk-[hash]',
    platform: 'node',
    // The CommonJS of some packages loses its names when it is imported.
    mainFields: ['module', 'main'],
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

/** Bundles anew. Returns the sources, and the files by name: `NAME.mjs`, and chunks that it imports. */
export async function build(name) {
  const esbuild = await import('esbuild');
  const { outputFiles, metafile } = await esbuild.build(await BUNDLES[name]());
  // Else its process stays beside the server.
  await esbuild.stop();
  return { sources: sourcesOf(metafile), inputs: Object.keys(metafile.inputs), files: outputFiles.map(({ path, contents }) => [basename(path), contents]) };
}

/** Writes a folder all at once, unless it is there: others may be about to write the same. */
function put(folder, files) {
  const next = `${folder}.${process.pid}.new`;
  mkdirSync(next, { recursive: true });
  for (const [file, contents] of files) writeFileSync(join(next, file), contents);
  try {
    renameSync(next, folder);
  } catch (error) {
    rmSync(next, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

/** The file of an up-to-date bundle ("worker" or "cli"), made now unless it was made of the same sources before. */
export async function bundle(name) {
  const list = join(CACHE, `${name}.sources.json`);
  const known = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  const made = fingerprint(known);
  const found = join(CACHE, `${name}-${made}`, `${name}.mjs`);
  if (known.length && made !== undefined && existsSync(found)) return found;
  const { sources, files } = await build(name);
  const folder = `${name}-${fingerprint(sources)}`;
  put(join(CACHE, folder), files);
  writeFileSync(`${list}.${process.pid}.new`, JSON.stringify(sources));
  renameSync(`${list}.${process.pid}.new`, list);
  for (const old of readdirSync(CACHE)) {
    if (old.startsWith(`${name}-`) && old !== folder && !old.endsWith('.new')) rmSync(join(CACHE, old), { recursive: true, force: true });
  }
  return join(CACHE, folder, `${name}.mjs`);
}
