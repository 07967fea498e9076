import type { Command } from 'commander';

/** Every command below one, with the words that call it. */
export const commandsOf = (command: Command, words = command.name()): { words: string; command: Command }[] => [
  { words, command },
  ...command.commands.flatMap((child) => commandsOf(child, `${words} ${child.name()}`)),
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

function section(heading: string, words: string, command: Command): string {
  const help = command.createHelp();
  const aliases = command.aliases().map((alias) => `\`${alias}\``);
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  return [
    `${heading} ${words}`,
    `\`\`\`\n${`${words} ${command.usage()}`.trim()}\n\`\`\``,
    `${command.description()}${aliases.length > 0 ? ` (also ${aliases.join(', ')})` : ''}`,
    ...(options.length === 0
      ? []
      : [
          [
            '| option | |',
            '|---|---|',
            ...options.map((option) => `| \`${cell(help.optionTerm(option))}\` | ${cell(help.optionDescription(option))} |`),
          ].join('\n'),
        ]),
  ].join('\n\n');
}

const INTRODUCTION = `# The command line

\`npx atoll\` in this folder. \`atoll help COMMAND\` and \`--help\` print what stands here.

Every command that answers takes \`--json\`: it then prints one JSON value on standard output, with the fields of
[openapi.yaml](../openapi.yaml). Progress is reported on standard error: moving on a terminal, in plain lines elsewhere.

| exit code | |
|---|---|
| 0 | done |
| 1 | refused, or it failed; standard error says why in one sentence |
| 2 | called wrongly |

\`atoll kubectl\` and \`atoll helm\` end with the codes of those programs. A request whose connection is lost is sent again where that does no
harm; a POST always, under the same Idempotency-Key.

| variable | |
|---|---|
| \`ATOLL_DATA\` | data folder of the local server (default \`.atoll\`) |
| \`ATOLL_TOKEN\` | act as this token, whoever is signed in |
| \`ATOLL_ACCOUNT\` | the account (id) that commands are about, instead of the chosen one |
| \`PORT\` | port of the local server (default: as it was started) |
`;

/** The manual of the command line, as `docs/cli.md` holds it. */
export function manual(root: Command): string {
  const parts = root.commands.flatMap((command) => {
    const words = `atoll ${command.name()}`;
    if (command.commands.length === 0) return [section('##', words, command)];
    const below = commandsOf(command, words).filter((one) => one.command.commands.length === 0);
    return [`## ${words}`, command.description(), ...below.map((one) => section('###', one.words, one.command))];
  });
  return `${[INTRODUCTION.trim(), ...parts].join('\n\n')}\n`;
}
