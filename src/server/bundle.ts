import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IS_CLONE, ROOT } from '../local/settings.ts';

/** File of the Worker: bundled from sources in a clone, else the published bundle. */
export async function bundle(): Promise<string> {
  if (!IS_CLONE) return join(ROOT, 'dist', 'worker.mjs');
  // Imported by URL at run time: a published package holds neither sources nor a bundler.
  const builder = pathToFileURL(join(ROOT, 'src', 'build', 'bundle.mjs')).href;
  const { bundle: made } = (await import(builder)) as typeof import('../build/bundle.mjs');
  return made('worker');
}
