import { BOOTSTRAP_NAMESPACE, BOOTSTRAP_TOKEN, bootstrapExpiry, bootstrapIdOf, dataOf } from '../../api/core/token-secrets.ts';
import { textToBase64Url } from '../../lib/base64.ts';
import type { Crypto } from '../../lib/crypto-port.ts';
import { equal, type KubeObject } from '../../lib/json.ts';
import type { Controller, Key, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';

const KEY: Key = { namespace: 'kube-public', name: 'cluster-info' };
const KUBECONFIG = 'kubeconfig';
const SIGNATURE = 'jws-kubeconfig-';

type Hmac = Crypto['hmac'];

/** A JWS without its content (RFC 7515 appendix F): by the secret of the token, named by its id. */
function signatureOf(content: string, id: string, secret: string, hmac: Hmac): string {
  const head = textToBase64Url(JSON.stringify({ alg: 'HS256', kid: id }));
  return `${head}..${hmac(secret, `${head}.${textToBase64Url(content)}`)}`;
}

/** The id and the secret of a token that may sign; undefined: it may not (validateSecretForSigning). */
function signerOf(secret: KubeObject, now: number): [string, string] | undefined {
  const id = dataOf(secret, 'token-id');
  const word = dataOf(secret, 'token-secret');
  if (!id || !word || bootstrapIdOf(secret.metadata.name) !== id) return undefined;
  if ((bootstrapExpiry(secret) ?? Number.POSITIVE_INFINITY) <= now) return undefined;
  return dataOf(secret, 'usage-bootstrap-signing') === 'true' ? [id, word] : undefined;
}

/** Signs the ConfigMap cluster-info with every bootstrap token that may, so that who holds one can trust it (pkg/controller/bootstrap/bootstrapsigner.go). */
export const bootstrapSigner = (hmac: Hmac): Controller => ({
  name: 'bootstrapsigner',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:bootstrap-signer',
  watches: [
    {
      resource: 'configmaps',
      keys: ({ type, object: { metadata } }) =>
        type !== 'DELETED' && metadata.namespace === KEY.namespace && metadata.name === KEY.name ? [KEY] : [],
    },
    {
      resource: 'secrets',
      keys: ({ object: { type, metadata } }) =>
        type === BOOTSTRAP_TOKEN && metadata.namespace === BOOTSTRAP_NAMESPACE ? [KEY] : [],
    },
  ],
  reconcile: ({ namespace, name }, view, { now }) => {
    const map = namespace === KEY.namespace && name === KEY.name ? view.get('configmaps', namespace, name) : undefined;
    return map?.data?.[KUBECONFIG] === undefined ? { actions: [] } : sign(map, view, hmac, now);
  },
});

function sign(map: KubeObject, view: View, hmac: Hmac, now: number): Plan {
  const data = Object.fromEntries(Object.entries(map.data).filter(([key]) => !key.startsWith(SIGNATURE)));
  for (const secret of view.list('secrets', BOOTSTRAP_NAMESPACE)) {
    const signer = secret.type === BOOTSTRAP_TOKEN ? signerOf(secret, now) : undefined;
    if (signer) data[SIGNATURE + signer[0]] = signatureOf(map.data[KUBECONFIG], ...signer, hmac);
  }
  return { actions: equal(data, map.data) ? [] : [{ verb: 'update', resource: 'configmaps', object: { ...map, data } }] };
}
