import { codeOf, Failure } from '../local/failure.ts';
import { isTool, runTool } from './tools.ts';

/** Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `kubectl` and `helm` keep their own. */
const USAGE = 2;

/** The failure to print for an error: one sentence for expected and system errors; others are bugs and are thrown on, with their stack. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  // A refusal of the server, by name: its class is loaded only by commands that use a server.
  if (error instanceof Error && error.name === 'Refusal') return new Failure(error.message);
  if (codeOf(error) !== undefined && error instanceof Error && 'syscall' in error) return new Failure(error.message);
  throw error;
}

/** Runs one command line of the CLI; sets the exit code. */
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
  // The reader of our output has closed it ("| head").
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
