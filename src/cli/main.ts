import { Command, CommanderError } from 'commander';
import { accountCommands } from './commands/accounts.ts';
import { auditCommands } from './commands/audit.ts';
import { backupCommands } from './commands/backup.ts';
import { clusterCommands } from './commands/clusters.ts';
import { lifecycleCommands } from './commands/lifecycle.ts';
import { memberCommands } from './commands/members.ts';
import { peopleCommands } from './commands/people.ts';
import { tokenCommands } from './commands/tokens.ts';
import { toolCommands } from './commands/tools.ts';
import { usageCommands } from './commands/usage.ts';
import { Failure } from './failure.ts';

/** Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `kubectl` and `helm` keep their own. */
const USAGE = 2;

const HELP = `
Environment:
  ATOLL_DATA    data folder of the local server (default .atoll)
  ATOLL_TOKEN   act as this token, whoever is signed in
  ATOLL_ACCOUNT the account (id) that commands are about, instead of the chosen one
  PORT          port of the local server (default: as it was started)`;

function program(): Command {
  const root = new Command('atoll')
    .description('Kubernetes clusters without machines')
    .enablePositionalOptions()
    .addHelpText('after', HELP);
  root.exitOverride().showHelpAfterError(false);
  root
    .command('start')
    .description('start the local server (what "npm start" does)')
    .action(async () => {
      const { start } = await import('./server/start.ts');
      await start();
    });
  lifecycleCommands(clusterCommands(root));
  accountCommands(root);
  memberCommands(root);
  tokenCommands(root);
  peopleCommands(root);
  auditCommands(root);
  usageCommands(root);
  backupCommands(root);
  toolCommands(root);
  for (const group of root.commands) for (const command of [group, ...group.commands]) command.exitOverride();
  return root;
}

/** Runs one command line; sets the exit code. */
export async function main(args: string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : USAGE;
      return;
    }
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`atoll: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}
