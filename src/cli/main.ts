import { codeOf, Failure } from '../local/failure.ts';
import { isTool, runTool } from './tools.ts';

/** Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `kubectl` and `helm` keep their own. */
const USAGE = 2;

/** The failure to print for an error: one sentence, where it is ours or the system's; else the error is a mistake of ours and is thrown on, with its stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  // A refusal of the server; by its name, for its class is loaded by the commands that talk to one.
  if (error instanceof Error && error.name === 'Refusal') return new Failure(error.message);
  if (codeOf(error) !== undefined && error instanceof Error && 'syscall' in error) return new Failure(error.message);
  throw error;
}

/** Runs one command line of ours; sets the exit code. */
async function runCommand(args: string[]): Promise<void> {
  const { CommanderError, program } = await import('./program.ts');
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  }
}

/** Runs one command line. The bundled tools come first: they load nothing of the other commands. */
async function main([word, ...rest]: string[]): Promise<void> {
  // Whoever reads our output has read enough ("| head"): there is nobody to tell.
  process.stdout.on('error', (error) => process.exit(codeOf(error) === 'EPIPE' ? 0 : 1));
  try {
    await (isTool(word) ? runTool(word, rest) : runCommand(word === undefined ? [] : [word, ...rest]));
  } catch (error) {
    const { message, exitCode } = failureOf(error);
    process.stderr.write(`atoll: ${message}\n`);
    process.exitCode = exitCode;
  }
}

await main(process.argv.slice(2));
