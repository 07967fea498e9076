import { textOfBase64 } from '../../lib/base64.ts';
import type { KubeObject } from '../../lib/json.ts';

/** Secrets that hold tokens: of service accounts (core/v1 types.go), and of bootstrapping (cluster-bootstrap/token/api). */

export const ACCOUNT_TOKEN = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
/** Labels of token Secrets: a day (UTC) on which the token was used, and since when it does not count. */
export const LAST_USED = 'kubernetes.io/legacy-token-last-used';
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';

export const BOOTSTRAP_TOKEN = 'bootstrap.kubernetes.io/token';
export const BOOTSTRAP_NAMESPACE = 'kube-system';
const BOOTSTRAP_PREFIX = 'bootstrap-token-';

export const bootstrapSecretName = (id: string): string => `${BOOTSTRAP_PREFIX}${id}`;
export const bootstrapIdOf = (name: string): string | undefined => /^bootstrap-token-([a-z0-9]{6})$/.exec(name)?.[1];

export const dataOf = ({ data }: KubeObject, key: string): string => textOfBase64(data?.[key]);

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** When a bootstrap token expires, ms; a time that cannot be read is long over; undefined: never. */
export function bootstrapExpiry(secret: KubeObject): number | undefined {
  const text = dataOf(secret, 'expiration');
  if (text === '') return undefined;
  const at = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? Number.NEGATIVE_INFINITY : at;
}
