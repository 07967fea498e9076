import type { Command } from 'commander';
import { TOOLS } from '../binaries.ts';
import { runTool } from '../tools.ts';

/** `atoll kubectl ...` and `atoll helm ...`: everything after the word belongs to the tool. Declared for the help; main.ts runs them. */
export function toolCommands(program: Command): void {
  for (const tool of TOOLS) {
    program
      .command(`${tool} [args...]`)
      .description(`the bundled ${tool}, talking to the current cluster`)
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action((args: string[]) => runTool(tool, args));
  }
}
