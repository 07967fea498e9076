import type { Command } from 'commander';
import type { RequestInput } from '../../client/types.ts';
import { Failure } from '../../local/failure.ts';
import { account } from '../api.ts';
import { CLUSTER } from '../clusters.ts';
import { readYaml } from '../files.ts';
import { print } from '../output.ts';

const AUTHENTICATION = `${CLUSTER}/authentication` as const;
type Configuration = RequestInput<'put', typeof AUTHENTICATION>['json'];

async function authentication(cluster: string, file: string | undefined, o: { off?: boolean; json?: boolean }): Promise<void> {
  const at = { param: { cluster } };
  if (o.off) {
    if (file !== undefined) throw new Failure('either a configuration or --off', 2);
    await account().delete(AUTHENTICATION, at);
    print(o.json, { cluster, authentication: null }, () => `cluster ${cluster} trusts no issuers any more`);
    return;
  }
  if (file === undefined) {
    const inForce = await account().get(AUTHENTICATION, at);
    print(true, inForce, () => '');
    return;
  }
  const set = await account().put(AUTHENTICATION, { ...at, json: readYaml(file) as Configuration });
  const urls = (set.jwt ?? []).map(({ issuer }) => issuer?.url);
  print(o.json, set, () => `cluster ${cluster} trusts tokens of ${urls.join(', ') || 'no issuers'}`);
}

/** `atoll cluster authentication ...`: whose tokens a cluster trusts. */
export function authenticationCommands(program: Command): void {
  program.commands
    .find((command) => command.name() === 'cluster')
    ?.command('authentication <cluster> [file]')
    .description(
      "which OIDC issuers a cluster trusts, an AuthenticationConfiguration: show it, or take it from a file ('-': standard input)",
    )
    .option('--off', 'trust no issuers any more')
    .option('--json', 'print JSON')
    .action(authentication);
}
