import { BOOTSTRAP_NAMESPACE, BOOTSTRAP_TOKEN, bootstrapExpiry, bootstrapSecretName, dataOf } from '../api/core/token-secrets.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { ObjectSource } from './identity.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const DEFAULT_GROUP = 'system:bootstrappers';

/**
 * The user of a bootstrap token, by its Secret in kube-system (plugin/pkg/auth/authenticator/token/bootstrap, which kubeadm's clusters have); undefined: it
 * is none, or does not count.
 */
export function bootstrapUser(
  token: string,
  { objects, crypto, now }: { objects: ObjectSource; crypto: Pick<Crypto, 'sha256'>; now: number },
): UserInfo | undefined {
  const [, id, word] = TOKEN.exec(token) ?? [];
  const secret = id === undefined ? undefined : objects.object('secrets', BOOTSTRAP_NAMESPACE, bootstrapSecretName(id));
  if (!secret || secret.metadata.deletionTimestamp || secret.type !== BOOTSTRAP_TOKEN) return undefined;
  // Compared by their hashes: how long it takes tells nothing.
  if (crypto.sha256(dataOf(secret, 'token-secret')) !== crypto.sha256(word) || dataOf(secret, 'token-id') !== id)
    return undefined;
  if ((bootstrapExpiry(secret) ?? Number.POSITIVE_INFINITY) <= now) return undefined;
  if (dataOf(secret, 'usage-bootstrap-authentication') !== 'true') return undefined;
  const more = dataOf(secret, 'auth-extra-groups');
  const groups = more === '' ? [] : more.split(',');
  if (!groups.every((group) => GROUP.test(group))) return undefined;
  return { username: `system:bootstrap:${id}`, groups: [...new Set([DEFAULT_GROUP, ...groups])].sort() };
}
