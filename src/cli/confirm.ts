import { createInterface } from 'node:readline';
import { Failure } from '../local/failure.ts';

/** A terminal, as far as a question needs one. */
interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks a person at a terminal to type a name before something that cannot be undone; fails unless they do, and where nobody can be asked.
 * `yes` answers beforehand.
 */
export async function confirm(
  loss: string,
  name: string,
  yes = false,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes) return;
  if (!input.isTTY || !output.isTTY) throw new Failure(`${loss}: without a terminal to ask at, pass --yes`);
  const lines = createInterface({ input, output });
  const answer = await new Promise<string>((resolve) => {
    lines.on('close', () => resolve(''));
    lines.question(`${loss}. Type "${name}" to go on: `, resolve);
  });
  lines.close();
  if (answer.trim() !== name) throw new Failure('nothing was done');
}
