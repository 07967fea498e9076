import { Client } from '../client/client.ts';
import { identity, operator, target } from '../local/settings.ts';

/** A client for what commands are about: the chosen account. */
export function account(): Client {
  const to = target();
  return new Client(to, to.account);
}

/** A client for whoever the CLI acts as, in no account in particular. */
export const myself = (): Client => new Client(identity());

/** A client for the local operator. */
export const asOperator = (): Client => new Client(operator());
