import { HASH_MEMO_ENTRIES } from './limits.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { UserInfo } from '../api/machinery/user.ts';

/** The key of a user's extra that names the credential used, as upstream does for its own (apiserver serviceaccount/util.go). */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** The cluster's own table of bearer tokens; filled by the cluster, so that no other service is asked for identities. */
export interface CredentialSource {
  /** The user by lower-case hex SHA-256 of the token. */
  lookup(hash: string): { user: UserInfo; expires?: number } | undefined;
}

/** A Map that drops its oldest entries. */
export class BoundedMap<V> {
  readonly #map = new Map<string, V>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): V | undefined {
    return this.#map.get(key);
  }

  set(key: string, value: V): void {
    if (this.#map.size >= this.#max) {
      const oldest = this.#map.keys().next().value;
      if (oldest !== undefined) this.#map.delete(oldest);
    }
    this.#map.set(key, value);
  }

  delete(key: string): void {
    this.#map.delete(key);
  }
}

/** Opaque bearer tokens of people. */
export class TokenAuthenticator {
  readonly #source: CredentialSource;
  readonly #crypto: Crypto;
  readonly #hashes = new BoundedMap<string>(HASH_MEMO_ENTRIES);

  constructor(source: CredentialSource, crypto: Crypto) {
    this.#source = source;
    this.#crypto = crypto;
  }

  /**
   * The token's user, or undefined when it is unknown, revoked or expired. The table is asked each time: a revocation counts at
   * once.
   */
  authenticate(token: string, now: number): UserInfo | undefined {
    let hash = this.#hashes.get(token);
    if (hash === undefined) {
      hash = this.#crypto.sha256(token);
      this.#hashes.set(token, hash);
    }
    const found = this.#source.lookup(hash);
    if (!found || (found.expires !== undefined && found.expires <= now)) return undefined;
    return found.user;
  }
}
