import type { Crypto } from '../lib/crypto-port.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { TokenClaims, TokenIssuer } from '../api/machinery/token-issuer.ts';
import { encodeText } from './jwt.ts';

/** Issuer of service account tokens, and their audience by default (kube-apiserver --service-account-issuer, --api-audiences). */
export const ISSUER = 'https://kubernetes.default.svc';
/** Issuer of the tokens of token Secrets. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount';
/** Claims of these. */
export const LEGACY = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secret: 'kubernetes.io/serviceaccount/secret.name',
  account: 'kubernetes.io/serviceaccount/service-account.name',
  uid: 'kubernetes.io/serviceaccount/service-account.uid',
};
/** Audiences that the API server itself accepts, and puts into tokens that ask for none. */
export const API_AUDIENCES: readonly string[] = [ISSUER];

/** The cluster's own P-256 key, as PEM. */
export interface Signer {
  privateKey: string;
  publicKey: string;
}

/** Key id: derived from the public key, as upstream's is. */
export const keyIdOf = (crypto: Crypto, { publicKey }: Signer): string =>
  publicKey ? crypto.sha256(publicKey).slice(0, 43) : '';

const ref = ({ metadata }: KubeObject): Obj => ({ name: metadata.name, ...(metadata.uid && { uid: metadata.uid }) });

/** The claims of a service account token (pkg/serviceaccount/claims.go), keys in Go's order. */
function claimsOf(request: TokenClaims, jti: string): Obj {
  const { account, pod, secret, node } = request;
  const { name, namespace = '', uid } = account.metadata;
  const seconds = Math.floor(request.now / 1000);
  const warn = request.warnAfterSeconds;
  return {
    aud: request.audiences,
    exp: seconds + request.expirationSeconds,
    iat: seconds,
    iss: ISSUER,
    jti,
    'kubernetes.io': {
      namespace,
      ...(node && { node: ref(node) }),
      ...(pod && { pod: ref(pod) }),
      ...(secret && { secret: ref(secret) }),
      serviceaccount: { name, uid },
      ...(warn !== undefined && { warnafter: seconds + warn }),
    },
    nbf: seconds,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

/** The claims of the token of a token Secret (pkg/serviceaccount/legacy.go LegacyClaims), keys in Go's order. */
function legacyClaimsOf({ metadata: account }: KubeObject, { metadata: secret }: KubeObject): Obj {
  return {
    iss: LEGACY_ISSUER,
    [LEGACY.namespace]: account.namespace,
    [LEGACY.secret]: secret.name,
    [LEGACY.account]: account.name,
    [LEGACY.uid]: account.uid,
    sub: `system:serviceaccount:${account.namespace}:${account.name}`,
  };
}

/** Signer of service account tokens, for serviceaccounts/token of the registry. */
export function tokenIssuer(deps: { crypto: Crypto; signer: Signer; random: Random }): TokenIssuer {
  const { crypto, signer, random } = deps;
  const head = encodeText(JSON.stringify({ alg: 'ES256', kid: keyIdOf(crypto, signer) }));
  const signed = (claims: Obj): string => {
    const text = `${head}.${encodeText(JSON.stringify(claims))}`;
    return `${text}.${crypto.sign(signer.privateKey, text)}`;
  };
  return {
    audiences: [...API_AUDIENCES],
    issue: (request) => signed(claimsOf(request, random.uuid())),
    issueForSecret: (account, secret) => signed(legacyClaimsOf(account, secret)),
  };
}
