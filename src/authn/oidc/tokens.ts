import type { UserInfo } from '../../api/machinery/user.ts';
import type { Ask } from '../../lib/ask.ts';
import { type Crypto, JWS_ALGORITHMS, type JwsAlgorithm, type PublicJwk } from '../../lib/crypto-port.ts';
import type { Obj } from '../../lib/json.ts';
import { type Jwt, parseJwt } from '../jwt.ts';
import {
  ISSUED_TOKEN_CHARACTERS,
  ISSUED_TOKEN_MS,
  ISSUED_TOKENS,
  NOT_BEFORE_LEEWAY_MS,
  ISSUER_MODULUS_MIN_CHARACTERS,
} from '../limits.ts';
import { TokenError } from '../identity.ts';
import { BoundedMap, CREDENTIAL_ID } from '../tokens.ts';
import type { JwtAuthenticator } from './configuration.ts';
import { type IssuerKey, IssuerKeys, type IssuerSource, IssuerUnavailable } from './keys.ts';

/** Google names itself without a scheme in some tokens. */
const GOOGLE = 'accounts.google.com';
const SECOND_MS = 1000;
/** Curve of each algorithm (RFC 7518 section 3.4). */
const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** ID tokens of the issuers that a cluster trusts (apiserver plugin/pkg/authenticator/token/oidc). */
export class IssuedTokens {
  readonly #crypto: Crypto;
  readonly #issuers: IssuerSource;
  readonly #ask: Ask;
  #keys: IssuerKeys;
  /** By the hash of a token: until when the keys that it was verified with are good, ms since the epoch. */
  #verified = new BoundedMap<number>(ISSUED_TOKENS);
  /** The configuration that tokens were verified under. */
  #trusted: readonly JwtAuthenticator[] = [];

  constructor({ crypto, issuers, ask }: { crypto: Crypto; issuers: IssuerSource; ask: Ask }) {
    this.#crypto = crypto;
    this.#issuers = issuers;
    this.#ask = ask;
    this.#keys = new IssuerKeys(issuers, ask);
  }

  /** Undefined: of no trusted issuer. Throws a TokenError when it is of one, but not a good one; Unanswered when keys must be asked for. */
  authenticate(token: string, now: number): { user: UserInfo; expires: number } | undefined {
    const trusted = this.#issuers.trusted();
    if (!trusted.length || token.length > ISSUED_TOKEN_CHARACTERS) return undefined;
    const jwt = parseJwt(token);
    const authenticator = jwt && trusted.find(({ issuer }) => issuer.url === issuerOf(jwt.claims));
    if (!authenticator) return undefined;
    if (this.#trusted !== trusted) this.#begin(trusted);
    const { claims } = jwt;
    checkTypes(claims);
    checkAudience(claims, authenticator.issuer.audiences);
    const expires = checkTime(claims, now);
    const hash = this.#crypto.sha256(token);
    if ((this.#verified.get(hash) ?? 0) <= now) this.#verified.set(hash, this.#verify(jwt, authenticator, now));
    const user = userOf(claims, authenticator);
    for (const { claim = '', requiredValue = '' } of authenticator.claimValidationRules ?? []) {
      if (textOf(claims, claim) !== requiredValue) throw new TokenError(`oidc: required claim ${claim} value does not match`);
    }
    return { user, expires };
  }

  /** Forgets what was found under another configuration. */
  #begin(trusted: readonly JwtAuthenticator[]): void {
    this.#verified = new BoundedMap(ISSUED_TOKENS);
    this.#keys = new IssuerKeys(this.#issuers, this.#ask);
    this.#trusted = trusted;
  }

  /** Until when the keys that it is verified with are good. Keys are asked for anew when none of the kept ones has signed (go-oidc jwks.go). */
  #verify({ header, signed, signature }: Jwt, authenticator: JwtAuthenticator, now: number): number {
    const { alg, kid = '' } = header;
    if (JWS_ALGORITHMS.includes(alg) && header.crit === undefined && /^[\w-]+$/.test(signature)) {
      const signs = ({ id, key }: IssuerKey) =>
        (kid === '' || id === kid) && fits(key, alg) && this.#crypto.verifyJws(key, alg, signed, signature);
      const kept = this.#keys.kept(authenticator, now);
      if (kept?.keys.some(signs)) return kept.expires;
      const fresh = this.#fresh(authenticator, now);
      if (fresh?.keys.some(signs)) return fresh.expires;
    }
    throw new TokenError('oidc: verify token: failed to verify signature');
  }

  #fresh(authenticator: JwtAuthenticator, now: number) {
    try {
      return this.#keys.fresh(authenticator, now);
    } catch (error) {
      if (!(error instanceof IssuerUnavailable)) throw error;
      throw new TokenError(`oidc: authenticator not initialized: ${error.message}`);
    }
  }
}

const issuerOf = ({ iss }: Obj): unknown => (iss === GOOGLE ? `https://${GOOGLE}` : iss);

const fits = (key: PublicJwk, algorithm: JwsAlgorithm): boolean =>
  key.kty === 'EC' ? key.crv === CURVES[algorithm] : !algorithm.startsWith('ES') && key.n.length >= ISSUER_MODULUS_MIN_CHARACTERS;

const malformed = () => new TokenError('oidc: verify token: failed to unmarshal claims');

/** Refuses claims of other types than go-oidc reads (verify.go Verify), also those that mean nothing here. */
function checkTypes({ sub, nonce, at_hash: hash, aud, iat, _claim_names: names, _claim_sources: sources }: Obj): void {
  const texts: unknown[] = [sub, nonce, hash, ...(Array.isArray(aud) ? aud : [aud])];
  if (!texts.every((one) => isAbsent(one) || typeof one === 'string')) throw malformed();
  if (iat !== undefined) timeOf(iat);
  for (const source of Object.values(names ?? {})) {
    if (!Object.hasOwn(sources ?? {}, source as string)) throw new TokenError('oidc: verify token: source does not exist');
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function checkAudience({ aud }: Obj, audiences: readonly string[]): void {
  const named: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!named.some((one) => audiences.includes(one as string))) throw new TokenError('oidc: verify token: unexpected audience');
}

/** Returns the expiry, ms since the epoch (go-oidc verify.go: a token without one has expired). */
function checkTime({ exp = 0, nbf }: Obj, now: number): number {
  const expires = timeOf(exp);
  if (expires < now) throw new TokenError('oidc: verify token: token is expired');
  if (!isAbsent(nbf) && now + NOT_BEFORE_LEEWAY_MS < timeOf(nbf)) {
    throw new TokenError('oidc: verify token: current time is before the nbf (not before) time');
  }
  return Math.min(expires, now + ISSUED_TOKEN_MS);
}

/** A time of whole seconds in ms; Go takes a number between quotes for one. */
function timeOf(seconds: unknown): number {
  const number = typeof seconds === 'string' && /^-?\d+(\.\d+)?$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof number !== 'number') throw malformed();
  return Math.trunc(number) * SECOND_MS;
}

/** The text of a claim; Go takes null for an empty one. */
function textOf(claims: Obj, name: string): string {
  const value = Object.hasOwn(claims, name) ? (claims[name] ?? '') : undefined;
  if (typeof value !== 'string') throw new TokenError(`oidc: parse claim ${JSON.stringify(name)}: it is no string`);
  return value;
}

function userOf(claims: Obj, { claimMappings }: JwtAuthenticator): UserInfo {
  const { username, groups, uid } = claimMappings;
  const name = textOf(claims, username.claim ?? '');
  // Of an issuer that says nothing of it, an address counts as verified.
  if (username.claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true) {
    throw new TokenError('oidc: email not verified');
  }
  const { jti } = claims;
  return {
    username: `${username.prefix ?? ''}${name}`,
    ...(uid?.claim && { uid: textOf(claims, uid.claim) }),
    groups: groupsOf(claims, groups?.claim ?? '').map((group) => `${groups?.prefix ?? ''}${group}`),
    ...(typeof jti === 'string' && jti !== '' && { extra: { [CREDENTIAL_ID]: [`JTI=${jti}`] } }),
  };
}

/**
 * A list of strings, or one string (kubernetes/kubernetes#33290). Groups listed elsewhere (distributed claims) are not fetched: without
 * them somebody would be let in as less than they are.
 */
function groupsOf(claims: Obj, name: string): string[] {
  if (name === '') return [];
  if (!Object.hasOwn(claims, name)) {
    if (!Object.hasOwn(claims._claim_names ?? {}, name)) return [];
    throw new TokenError('oidc: could not expand distributed claims: they are not supported yet');
  }
  const value = claims[name] ?? [];
  const groups: unknown[] = Array.isArray(value) ? value : [value];
  if (groups.some((group) => typeof group !== 'string')) {
    throw new TokenError(`oidc: parse groups claim ${JSON.stringify(name)}: it is no list of strings`);
  }
  return groups as string[];
}
