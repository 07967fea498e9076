import type { Client } from '../client/client.ts';
import { connect } from '../local/send.ts';
import { identity, operator, target } from '../local/settings.ts';

/** A client for the chosen account. */
export function account(): Client {
  const to = target();
  return connect(to, to.account);
}

/** A client for the acting principal, without an account. */
export const asCaller = (): Client => connect(identity());

/** A client for the local operator. */
export const asOperator = (): Client => connect(operator());
