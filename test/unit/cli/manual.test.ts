import { describe, expect, it } from 'vitest';
import { program } from '../../../src/cli/main.ts';
import { commandsOf, manual } from './manual.ts';

const root = program();
const commands = commandsOf(root).filter(({ command }) => command.commands.length === 0);
/** Commands that answer in a form of their own. */
const OWN = ['atoll start', 'atoll kubectl', 'atoll helm'];

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

  it('has a way to ask for its version and for help', () => {
    expect(root.version()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(root.helpInformation()).toContain('help [command]');
  });
});
