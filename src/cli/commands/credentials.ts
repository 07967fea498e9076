import { type Command, Option } from 'commander';
import { account } from '../api.ts';
import type { Item, RequestInput } from '../../client/types.ts';
import { CLUSTER } from '../clusters.ts';
import { lifetime, overlap } from '../durations.ts';
import { Failure } from '../../local/failure.ts';
import { writePrivate } from '../../local/kubeconfigs.ts';
import { age, print, table } from '../output.ts';

const CREDENTIALS = `${CLUSTER}/credentials` as const;
type Credential = Item<typeof CREDENTIALS>;

type NewKubeconfig = NonNullable<RequestInput<'post', `${typeof CLUSTER}/kubeconfig`>['json']>;
interface KubeconfigOptions {
  role?: NonNullable<NewKubeconfig['role']>;
  name?: string;
  expires?: number;
  user?: string;
  group?: string[];
  output?: string;
  json?: boolean;
}

/** Prints a kubeconfig, or writes it to the given file. */
function give(text: string, what: string, o: { output?: string; json?: boolean }): void {
  if (o.output === undefined) process.stdout.write(text);
  else {
    writePrivate(o.output, text);
    print(o.json, { kubeconfig: o.output }, () => `${what} in ${o.output}`);
  }
}

async function kubeconfig(cluster: string, o: KubeconfigOptions): Promise<void> {
  const json = {
    ...(o.role !== undefined && { role: o.role }),
    ...(o.name !== undefined && { name: o.name }),
    ...(o.expires !== undefined && { expiresIn: o.expires }),
    ...(o.user !== undefined && { username: o.user }),
    ...(o.group && { groups: o.group }),
  };
  const text = await account().post(`${CLUSTER}/kubeconfig`, { param: { cluster }, json });
  give(text, `kubeconfig of ${cluster}`, o);
}

async function list(cluster: string, o: { json?: boolean }): Promise<void> {
  const items = await account().all(CREDENTIALS, { param: { cluster } });
  const row = (c: Credential) => [
    c.name,
    c.username,
    c.role,
    c.hint,
    age(c.createdAt),
    c.revokedAt === undefined ? (c.expiresAt ?? 'never') : 'being revoked',
    c.id,
  ];
  print(o.json, items, () => table([['NAME', 'USER', 'ROLE', 'BEGINS', 'AGE', 'EXPIRES', 'ID'], ...items.map(row)]));
}

async function revoke(cluster: string, id: string, o: { json?: boolean }): Promise<void> {
  await account().delete(`${CREDENTIALS}/:credential`, { param: { cluster, credential: id } });
  print(o.json, { id, revoked: true }, () => 'credential revoked');
}

async function rotate(cluster: string, id: string | undefined, o: CredentialOptions): Promise<void> {
  if ((id === undefined) !== (o.all === true)) throw new Failure('name a credential (its id), or say --all', 2);
  const text =
    id === undefined
      ? await account().post(`${CREDENTIALS}/rotate`, { param: { cluster }, json: {} })
      : await account().post(`${CREDENTIALS}/:credential/rotate`, {
          param: { cluster, credential: id },
          json: { ...(o.overlap !== undefined && { overlapSeconds: o.overlap }) },
        });
  give(text, `kubeconfig of ${cluster}`, o);
}

interface CredentialOptions {
  all?: boolean;
  overlap?: number;
  output?: string;
  json?: boolean;
}

async function credentials(cluster: string, action: string, id: string | undefined, o: CredentialOptions): Promise<void> {
  if (action === 'list') return list(cluster, o);
  if (action === 'rotate') return rotate(cluster, id, o);
  if (action !== 'revoke') throw new Failure(`"${action}" is none of list, revoke and rotate`, 2);
  if (id === undefined) throw new Failure('say which credential to revoke, by its id', 2);
  return revoke(cluster, id, o);
}

const more = (value: string, before: string[] = []): string[] => [...before, value];

/** `atoll cluster kubeconfig` and `atoll cluster credentials`: access to a cluster. */
export function credentialCommands(group: Command): void {
  group
    .command('kubeconfig <name>')
    .description('print a kubeconfig with a new credential')
    .addOption(new Option('--role <role>', 'the most that you may have, if not said').choices(['none', 'view', 'edit', 'admin']))
    .option('--name <name>', 'by which it is listed')
    .option('--expires <while>', 'it ends after so long: 15m, 8h', lifetime)
    .option('--user <name>', 'another name than yours inside of the cluster')
    .option('--group <group>', 'a group inside of the cluster; may be repeated', more)
    .option('-o, --output <file>', 'write it there instead')
    .option('--json', 'print JSON')
    .action(kubeconfig);
  group
    .command('credentials <name> [action] [id]')
    .description('list, revoke (id) or rotate (id, or --all) the credentials of a cluster')
    .option('--all', 'rotate: revoke every one, and print a kubeconfig with a new one')
    .option('--overlap <while>', 'rotate: the old one still works for so long', overlap)
    .option('-o, --output <file>', 'rotate: write the kubeconfig there instead')
    .option('--json', 'print JSON')
    .action((name: string, action = 'list', id: string | undefined, o: CredentialOptions) => credentials(name, action, id, o));
}
