import type { Command } from 'commander';
import type { RequestInput } from '../../client/types.ts';
import { account } from '../api.ts';
import { CLUSTER } from '../clusters.ts';
import { changeDocument } from '../document.ts';

const AUTHENTICATION = `${CLUSTER}/authentication` as const;
type Configuration = RequestInput<'put', typeof AUTHENTICATION>['json'];

function authentication(cluster: string, file: string | undefined, o: { off?: boolean; json?: boolean }): Promise<void> {
  const [api, at] = [account(), { param: { cluster } }];
  const document = {
    field: 'authentication',
    name: 'a configuration',
    get: () => api.get(AUTHENTICATION, at),
    put: (json: Configuration) => api.put(AUTHENTICATION, { ...at, json }),
    delete: () => api.delete(AUTHENTICATION, at),
    removed: `cluster ${cluster} trusts no issuers any more`,
    taken: ({ jwt = [] }: { jwt?: { issuer?: { url?: string } }[] }) =>
      `cluster ${cluster} trusts tokens of ${jwt.map(({ issuer }) => issuer?.url).join(', ') || 'no issuers'}`,
  };
  return changeDocument(document, cluster, file, o);
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
