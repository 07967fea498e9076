import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { program } from '../../../src/cli/program.ts';
import { commandsOf, manual } from './manual.ts';

const root = program();
const commands = commandsOf(root).filter(({ command }) => command.commands.length === 0);
/** Commands that answer in a form of their own. */
const OWN = ['atoll start', 'atoll kubectl', 'atoll helm'];

/** Command lines in a text, without comments and what is in place of values. */
const typed = (text: string): { line: string; words: string[] }[] =>
  text
    .split('\n')
    .map((line) => /^(?:\w+=\S+ )*(?:npx )?atoll ([^#|<>]*)/.exec(line)?.[1].trim())
    .filter((line) => line !== undefined && line !== 'COMMAND')
    .map((line = '') => ({ line, words: line.split(/ +/) }));

function isCommand(words: string[]): boolean {
  let command = root;
  for (const word of words) {
    const child = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (!child) break;
    command = child;
  }
  if (['kubectl', 'helm'].includes(command.name())) return true;
  const options = words.filter((word) => word.startsWith('-')).map((word) => word.split('=')[0]);
  const known = command.options.flatMap(({ short, long }) => [short, long]);
  return command !== root && command.commands.length === 0 && options.every((option) => known.includes(option));
}

describe('the command line', () => {
  it('docs/cli.md is what the commands say ("npm run openapi" writes it)', async () => {
    await expect(manual(root)).toMatchFileSnapshot('../../../docs/cli.md');
  });

  it.each(commands.filter(({ words }) => !OWN.includes(words)))('$words takes --json', ({ command }) => {
    expect(command.options.map(({ long }) => long)).toContain('--json');
  });

  it.each(commandsOf(root).slice(1))('$words and its options say what they are, in the same form', ({ command }) => {
    const texts = [command.description(), ...command.options.map(({ description }) => description)];
    for (const text of texts) expect(text).toMatch(/^[^A-Z].*[^.]$/s);
  });

  it.each(['README.md', ...globSync('docs/*.md')])('what %s has people type is a command, with options that it takes', (file) => {
    const wrong = typed(readFileSync(file, 'utf8')).filter(({ words }) => !isCommand(words));
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  it('is what the README shows', () => {
    expect(typed(readFileSync('README.md', 'utf8')).length).toBeGreaterThan(30);
    expect(['cluster bogus', 'cluster list --bogus', 'cluster'].map((line) => isCommand(line.split(' ')))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('has a way to ask for its version and for help', () => {
    expect(root.version()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(root.helpInformation()).toContain('help [command]');
  });
});
