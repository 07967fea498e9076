import type { Ask, Reply } from '../../lib/ask.ts';
import { JWS_ALGORITHMS, type PublicJwk } from '../../lib/crypto-port.ts';
import { isObject, type Obj } from '../../lib/json.ts';
import {
  ISSUER_DOCUMENT_CHARACTERS,
  ISSUER_KEYS,
  ISSUER_KEYS_MS,
  ISSUER_MODULUS_CHARACTERS,
  ISSUER_RETRY_MS,
} from '../limits.ts';
import type { JwtAuthenticator } from './configuration.ts';

/** A key of an issuer's set, by its id. */
export interface IssuerKey {
  id: string;
  key: PublicJwk;
}

/** Keys of an issuer as it published them. Times are ms since the epoch. */
export interface HeldKeys {
  askedAt: number;
  expires: number;
  keys: IssuerKey[];
}

/** The issuers that a cluster trusts, and what it knows of their keys: kept in its own database, so that a cluster that slept need not ask. */
export interface IssuerSource {
  /** A value that is replaced when another configuration is in force. */
  trusted(): readonly JwtAuthenticator[];
  keys(url: string): HeldKeys | undefined;
  keep(url: string, held: HeldKeys): void;
}

/** An issuer that published no keys; the message says why, and holds nothing that it answered. */
export class IssuerUnavailable extends Error {}

/** Keys of issuers: the kept ones, or asked for with two questions, the discovery document and the key set (go-oidc jwks.go). */
export class IssuerKeys {
  readonly #source: IssuerSource;
  readonly #ask: Ask;
  /** When an issuer last failed. */
  readonly #failed = new Map<string, { at: number; why: string }>();

  constructor(source: IssuerSource, ask: Ask) {
    this.#source = source;
    this.#ask = ask;
  }

  /** Keys that were asked for within their time. */
  kept({ issuer }: JwtAuthenticator, now: number): HeldKeys | undefined {
    const held = this.#source.keys(issuer.url);
    return held && now < held.expires ? held : undefined;
  }

  /**
   * Keys asked for anew; undefined: the issuer published them a moment ago. While it does not answer, those that it published before are good, as with
   * upstream, which asks only for a key that it does not have. Throws IssuerUnavailable when there are none, and Unanswered.
   */
  fresh({ issuer }: JwtAuthenticator, now: number): HeldKeys | undefined {
    const held = this.#source.keys(issuer.url);
    if (held && now < held.expires && isRecent(held.askedAt, now)) return undefined;
    const failed = this.#failed.get(issuer.url);
    try {
      if (failed && isRecent(failed.at, now)) throw new IssuerUnavailable(failed.why);
      return this.#fetch(issuer, now);
    } catch (error) {
      if (!(error instanceof IssuerUnavailable) || !held) throw error;
      return { ...held, expires: now + ISSUER_RETRY_MS };
    }
  }

  #fetch({ url, discoveryURL }: JwtAuthenticator['issuer'], now: number): HeldKeys {
    try {
      const discovery = discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`;
      const keys = keysOf(this.#document(this.#jwksUri(discovery, url)));
      const held = { askedAt: now, expires: now + ISSUER_KEYS_MS, keys };
      this.#source.keep(url, held);
      this.#failed.delete(url);
      return held;
    } catch (error) {
      if (error instanceof IssuerUnavailable) this.#failed.set(url, { at: now, why: error.message });
      throw error;
    }
  }

  #jwksUri(discovery: string, issuer: string): string {
    const { issuer: named, jwks_uri: uri } = this.#document(discovery);
    if (named !== issuer) throw new IssuerUnavailable('the discovery document is of another issuer');
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== 'https:') {
      throw new IssuerUnavailable('the discovery document names no https address of keys');
    }
    return uri;
  }

  #document(url: string): Obj {
    return documentOf(this.#ask({ method: 'GET', url, headers: { accept: 'application/json' } }));
  }
}

const isRecent = (at: number, now: number): boolean => Math.abs(now - at) < ISSUER_RETRY_MS;

function documentOf(reply: Reply): Obj {
  if ('failed' in reply) throw new IssuerUnavailable(reply.failed);
  if (reply.status !== 200) throw new IssuerUnavailable(`it answered ${reply.status}`);
  if (reply.body.length > ISSUER_DOCUMENT_CHARACTERS) throw new IssuerUnavailable('its answer is too long');
  try {
    const value = JSON.parse(reply.body);
    if (isObject(value)) return value;
  } catch {
    // It is no JSON, which is as good as no object.
  }
  throw new IssuerUnavailable('its answer is no JSON object');
}

/** Public keys for signatures; others of the set are left out. */
function keysOf({ keys }: Obj): IssuerKey[] {
  if (!Array.isArray(keys) || keys.length > ISSUER_KEYS) throw new IssuerUnavailable('its key set is none, or too long');
  return keys.flatMap((jwk) => {
    const key = isObject(jwk) && (jwk.use ?? 'sig') === 'sig' && JWS_ALGORITHMS.includes(jwk.alg ?? 'RS256') && publicKeyOf(jwk);
    return key ? [{ id: typeof jwk.kid === 'string' ? jwk.kid : '', key }] : [];
  });
}

function publicKeyOf({ kty, n, e, crv, x, y }: Obj): PublicJwk | undefined {
  const texts = (...all: unknown[]) => all.every((one) => typeof one === 'string' && /^[\w-]+$/.test(one));
  if (kty === 'RSA' && texts(n, e) && n.length <= ISSUER_MODULUS_CHARACTERS) return { kty, n, e };
  if (kty === 'EC' && texts(crv, x, y)) return { kty, crv, x, y };
  return undefined;
}
