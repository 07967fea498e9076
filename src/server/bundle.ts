import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IS_CLONE, ROOT } from '../local/settings.ts';

/** The file of the Worker: in a clone bundled from its sources, else as it was published. */
export async function bundle(): Promise<string> {
  if (!IS_CLONE) return join(ROOT, 'dist', 'worker.mjs');
  // By its address at run time: what is published holds neither sources nor a bundler.
  const builder = pathToFileURL(join(ROOT, 'src', 'build', 'bundle.mjs')).href;
  const { bundle: made } = (await import(builder)) as typeof import('../build/bundle.mjs');
  return made('worker');
}
