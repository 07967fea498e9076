import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { accountCommands } from './commands/accounts.ts';
import { auditCommands } from './commands/audit.ts';
import { clockCommands } from './commands/clock.ts';
import { authenticationCommands } from './commands/authentication.ts';
import { backupCommands } from './commands/backup.ts';
import { clusterCommands } from './commands/clusters.ts';
import { lifecycleCommands } from './commands/lifecycle.ts';
import { memberCommands } from './commands/members.ts';
import { peopleCommands } from './commands/people.ts';
import { serverCommands } from './commands/server.ts';
import { tokenCommands } from './commands/tokens.ts';
import { toolCommands } from './commands/tools.ts';
import { usageCommands } from './commands/usage.ts';
import { ROOT } from '../local/settings.ts';

export { CommanderError } from 'commander';

const HELP = `
Environment:
  ATOLL_DATA    data folder of the local server (default .atoll)
  ATOLL_TOKEN   act as this token, whoever is signed in
  ATOLL_ACCOUNT the account (id) that commands are about, instead of the chosen one
  PORT          port of the local server (default: as it was started)
  ATOLL_DEMO_PORT  port of its own of the cluster demo, when it is made (default PORT + 1), or none
  ATOLL_CLUSTER_DOMAIN  domain under which clusters of the local server have host names, ID.DOMAIN
  ATOLL_URL     address of the local server for clients elsewhere, when it is started (https://...)
  ATOLL_LOG     what the local server logs: all, or errors (the default at a terminal)`;

const version = (): string => (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

/** The CLI with every command. */
export function program(): Command {
  const root = new Command('atoll')
    .description('Kubernetes clusters without machines')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .enablePositionalOptions()
    .addHelpText('after', HELP);
  // Later commands inherit both.
  root.exitOverride().configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'atoll: ')) });
  root
    .command('start')
    .description('start the local server (what "npm start" does)')
    .action(async () => {
      const { start } = await import('../server/start.ts');
      await start();
    });
  lifecycleCommands(clusterCommands(root));
  accountCommands(root);
  memberCommands(root);
  tokenCommands(root);
  peopleCommands(root);
  auditCommands(root);
  authenticationCommands(root);
  clockCommands(root);
  usageCommands(root);
  backupCommands(root);
  serverCommands(root);
  toolCommands(root);
  return root;
}
