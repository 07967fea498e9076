import { CommanderError, type Command } from 'commander';
import { expect, it } from 'vitest';
import { program } from '../../../src/cli/program.ts';
import { parseTime } from '../../../src/cli/times.ts';

/** What a command line is told before anything is asked of a server. */
async function told(words: string[]): Promise<string> {
  const root = program();
  let text = '';
  const quiet = (command: Command) => {
    command.configureOutput({ writeErr: (more) => (text += more) });
    for (const one of command.commands) quiet(one);
  };
  quiet(root);
  await expect(root.parseAsync(words, { from: 'user' }), words.join(' ')).rejects.toThrow(CommanderError);
  return text;
}

it.each([
  ['cluster create lab --listen 70000', 'a port is a number from 1 to 65535.'],
  ['cluster create lab --listen 0', 'a port is a number from 1 to 65535.'],
  ['cluster create lab --listen -5', 'a port is a number from 1 to 65535.'],
  ['cluster create lab --listen 1e3', 'a port is a number from 1 to 65535.'],
  ['cluster listen lab 70000', 'a port is a number from 1 to 65535.'],
  ['cluster create lab --nodes 101', 'the count of nodes is a number from 0 to 100.'],
  ['cluster create lab --nodes many', 'the count of nodes is a number from 0 to 100.'],
  ['cluster create lab --expires 0', 'it is from 1s to 3650d.'],
  ['cluster create lab --expires 99999w', 'it is from 1s to 3650d.'],
  ['cluster create lab --expires soon', 'a while is written like 90s, 2h or 1d12h.'],
  ['cluster update lab --expires 0', 'it is from 1s to 3650d.'],
  ['cluster fork lab lab2 --expires 0', 'it is from 1s to 3650d.'],
  ['cluster kubeconfig lab --expires 99999w', 'it is from 1s to 3650d.'],
  ['cluster credentials lab rotate x --overlap 9w', 'it is from 0s to 7d.'],
  ['cluster delete lab --grace 9w', 'it is from 0s to 30d.'],
  ['token create t --expires 0', 'it is from 1s to 3650d.'],
  ['token update t --expires 99999w', 'it is from 1s to 3650d.'],
  ['token rotate t --overlap 9w', 'it is from 0s to 7d.'],
  ['invitation create --days 1e9', 'it is a number of days, at most 90.'],
  ['invitation create --days x', 'it is a number of days, at most 90.'],
])('"%s" is told: %s', async (line, words) => {
  const text = await told(line.split(' '));
  expect(text).toMatch(/^atoll: .*\n$/);
  expect(text).toContain(words);
});

it.each(['99999999999d', '+275760-09-13T00:00:00.001Z', 'x', ''])('%j is no time', (text) => {
  expect(() => parseTime(text)).toThrow(`"${text}" is neither a time nor a duration such as 30m or 2d`);
});
