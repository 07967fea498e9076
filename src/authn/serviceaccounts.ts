import { VERIFIED_TOKENS, TOKEN_LEEWAY_SECONDS } from './limits.ts';
import { goStrings } from '../api/machinery/go-text.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { API_AUDIENCES, ISSUER, type Signer } from './issuer.ts';
import { parseJwt } from './jwt.ts';
import { type ObjectSource, TokenError, type TokenIdentity } from './identity.ts';
import { isLegacy, legacyUser } from './legacy-tokens.ts';
import { BoundedMap, CREDENTIAL_ID } from './tokens.ts';

/** Service account tokens: ES256 JWTs, bound to live objects (pkg/serviceaccount/{jwt,claims}.go). */
export class ServiceAccountTokens {
  readonly #crypto: Crypto;
  readonly #signer: Signer;
  readonly #objects: ObjectSource;
  readonly #verified = new BoundedMap<Obj>(VERIFIED_TOKENS);

  constructor(deps: { crypto: Crypto; signer: Signer; objects: ObjectSource }) {
    this.#crypto = deps.crypto;
    this.#signer = deps.signer;
    this.#objects = deps.objects;
  }

  /** The user of a token; undefined: not a token of this issuer. Throws a TokenError for an invalid one. */
  authenticate(token: string, now: number, audiences: readonly string[]): TokenIdentity | undefined {
    const claims = this.#verified.get(token) ?? this.#verify(token);
    if (!claims) return undefined;
    const isOld = isLegacy(claims);
    const said: string[] = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
    // Tokens of before audiences are for the API server.
    const named = isOld && !said.length ? API_AUDIENCES : said;
    const common = named.filter((a) => audiences.includes(a));
    if (!common.length)
      throw new TokenError(`token audiences ${goStrings(named)} is invalid for the target audiences ${goStrings(audiences)}`);
    this.#checkTime(claims, now);
    if (!isOld) return { user: this.#user(claims, now), audiences: common };
    return { ...legacyUser(token, claims, { objects: this.#objects, crypto: this.#crypto, now }), audiences: common };
  }

  #verify(token: string): Obj | undefined {
    const jwt = parseJwt(token);
    if (!jwt || (jwt.claims.iss !== ISSUER && !isLegacy(jwt.claims))) return undefined;
    if (jwt.header.alg !== 'ES256' || !this.#crypto.verify(this.#signer.publicKey, jwt.signed, jwt.signature)) {
      throw new TokenError('invalid signature');
    }
    this.#verified.set(token, jwt.claims);
    return jwt.claims;
  }

  #checkTime(claims: Obj, now: number): void {
    const seconds = now / 1000;
    if (typeof claims.exp === 'number' && seconds > claims.exp + TOKEN_LEEWAY_SECONDS)
      throw new TokenError('service account token has expired');
    if (typeof claims.nbf === 'number' && seconds < claims.nbf - TOKEN_LEEWAY_SECONDS)
      throw new TokenError('service account token is not valid yet');
    if (typeof claims.iat === 'number' && seconds < claims.iat - TOKEN_LEEWAY_SECONDS) {
      throw new TokenError('service account token is issued in the future');
    }
  }

  #user(claims: Obj, now: number): UserInfo {
    const bound: Obj = claims['kubernetes.io'] ?? {};
    const { namespace = '', serviceaccount: account = {}, pod, secret, node } = bound;
    const live = this.#objects.object('serviceaccounts', namespace, account.name ?? '');
    if (!live) throw new TokenError(`serviceaccounts "${account.name}" not found`);
    if (live.metadata.uid !== account.uid) {
      throw new TokenError(`service account UID (${live.metadata.uid}) does not match claim (${account.uid})`);
    }
    if (deleted(live, now)) throw new TokenError(`service account ${namespace}/${account.name} has been deleted`);
    if (secret) this.#bound('secrets', namespace, secret, now);
    if (pod) this.#bound('pods', namespace, pod, now);
    else if (node) this.#bound('nodes', '', node, now);
    const extra: Record<string, string[]> = {};
    if (claims.jti) extra[CREDENTIAL_ID] = [`JTI=${claims.jti}`];
    if (node?.name) extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node?.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid];
    if (pod) {
      extra['authentication.kubernetes.io/pod-name'] = [pod.name];
      extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
    }
    return {
      username: `system:serviceaccount:${namespace}:${account.name}`,
      uid: account.uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      ...(Object.keys(extra).length && { extra }),
    };
  }

  /** Checks that the object exists to which the token is bound. */
  #bound(resource: 'pods' | 'secrets' | 'nodes', namespace: string, ref: Obj, now: number): void {
    const live = this.#objects.object(resource, namespace, ref.name ?? '');
    if (!live || deleted(live, now)) throw new TokenError('service account token has been invalidated');
    if (live.metadata.uid === ref.uid) return;
    const word = resource.slice(0, -1);
    throw new TokenError(`${word} UID (${live.metadata.uid}) does not match service account ${word} ref claim (${ref.uid})`);
  }
}

/** Whether the object was deleted longer ago than the leeway. */
function deleted(object: KubeObject, now: number): boolean {
  const at = object.metadata.deletionTimestamp;
  return at !== undefined && Date.parse(at) < now - TOKEN_LEEWAY_SECONDS * 1000;
}
