import type { Command } from 'commander';
import { withProgress, print } from '../output.ts';
import { dataFolder } from '../../local/settings.ts';
import type { BackedUp } from '../../server/backup.ts';

const MEGABYTE = 1_000_000;
const sizeOf = ({ bytes }: BackedUp): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;
const clusters = ({ clusters: n }: BackedUp): string => (n === 1 ? '1 cluster' : `${n} clusters`);

/** Loaded on demand: no other command needs SQLite. */
const loaded = () => import('../../server/backup.ts');

async function make(to: string, o: { json?: boolean }): Promise<void> {
  const { backup } = await loaded();
  const made = await withProgress('copying', backup(dataFolder(), to, Date.now()));
  print(
    o.json,
    { ...made, path: to },
    () => `${to}: ${clusters(made)}, ${sizeOf(made)}. It holds keys and tokens: keep it safe.`,
  );
}

async function bringBack(from: string, o: { json?: boolean }): Promise<void> {
  const { restore } = await loaded();
  const folder = dataFolder();
  const made = await withProgress('copying', restore(from, folder));
  print(
    o.json,
    { ...made, path: folder },
    () => `${folder} is as it was at ${made.createdAt}: ${clusters(made)}, ${sizeOf(made)}`,
  );
}

/** `atoll backup` and `atoll restore`: everything of the local server. */
export function backupCommands(program: Command): void {
  program
    .command('backup <to>')
    .description('copy everything of the local server, running or not, into a folder or a .tar.gz')
    .option('--json', 'print JSON')
    .action(make);
  program
    .command('restore <from>')
    .description('make a data folder of a backup; it must not exist yet')
    .option('--json', 'print JSON')
    .action(bringBack);
}
