import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { Failure } from '../local/failure.ts';
import { dataFolder, files, START } from '../local/settings.ts';
import { binary, TOOLS, type Tool } from './binaries.ts';

/** Whether a word of a command line is the name of a tool. */
export const isTool = (word: string | undefined): word is Tool => TOOLS.includes(word as Tool);

/** Runs a bundled tool with the local kubeconfig; its exit code is ours. */
export async function runTool(tool: Tool, args: string[]): Promise<void> {
  const kubeconfig = files(dataFolder()).kubeconfig;
  const own = args.some((arg) => arg === '--kubeconfig' || arg.startsWith('--kubeconfig='));
  if (!own && !existsSync(kubeconfig))
    throw new Failure(`${kubeconfig} does not exist: run "${START}" first, or give --kubeconfig`);
  const file = await binary(tool);
  // KUBECONFIG may name other clusters, which "atoll kubectl" must not touch.
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: own ? '' : kubeconfig } });
  const ignore = () => undefined;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, ignore);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(new Failure(`${tool} cannot be run: ${error.message}`)));
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}
