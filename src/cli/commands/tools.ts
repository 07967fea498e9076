import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { binary, type Tool } from '../binaries.ts';
import { Failure } from '../../local/failure.ts';
import { dataFolder, files } from '../../local/settings.ts';

/** Runs a bundled tool with the local kubeconfig; its exit code is ours. */
async function run(tool: Tool, args: string[]): Promise<void> {
  const file = await binary(tool);
  const kubeconfig = files(dataFolder()).kubeconfig;
  const own = args.some((arg) => arg === '--kubeconfig' || arg.startsWith('--kubeconfig='));
  if (!own && !existsSync(kubeconfig))
    throw new Failure(`${kubeconfig} does not exist: run "npm start" first, or give --kubeconfig`);
  // Whatever KUBECONFIG names is somebody else's cluster: "atoll kubectl" must not touch it.
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: own ? '' : kubeconfig } });
  const ignore = () => undefined;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, ignore);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', (error) => reject(new Failure(`${tool} cannot be run: ${error.message}`)));
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

/** `atoll kubectl ...` and `atoll helm ...`: everything after the word belongs to the tool. */
export function toolCommands(program: Command): void {
  for (const tool of ['kubectl', 'helm'] as const) {
    program
      .command(`${tool} [args...]`)
      .description(`the bundled ${tool}, talking to the current cluster`)
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action((args: string[]) => run(tool, args));
  }
}
