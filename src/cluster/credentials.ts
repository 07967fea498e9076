import { CREDENTIAL_ID } from '../authn/tokens.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import { CREDENTIAL_MEMO_ENTRIES } from './limits.ts';
import { makeSecret, PREFIXES } from '../lib/secrets.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Revoked } from '../tenancy/credentials.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { isInitialised, migrate } from '../store/schema.ts';

export interface Credential {
  user: UserInfo;
  /** ms since the epoch; absent: never. */
  expires?: number;
}

/** How a user's extra names a credential of a cluster, beside the JTI=... of service accounts. */
const OURS = 'ATOLL=';
const nameOf = (id: string): string => `${OURS}${id}`;

/** The bearer tokens of one cluster: hashed, in the cluster's own database, so that no request asks anybody else who it is. */
export class Credentials {
  readonly #sql: Sqlite;
  readonly #crypto: Crypto;
  /** What was looked up, bounded: this object is the only writer of the table. */
  readonly #known = new Map<string, Credential>();

  constructor(sql: Sqlite, crypto: Crypto) {
    this.#sql = sql;
    this.#crypto = crypto;
  }

  /** Makes a token, shown once; only its hash stays. */
  issue(id: string, { user, expires }: Credential): string {
    const token = makeSecret(PREFIXES.credential, this.#crypto);
    const named = { ...user, extra: { ...user.extra, [CREDENTIAL_ID]: [nameOf(id)] } };
    this.#sql.run(
      'INSERT INTO credentials (hash, id, user, expires) VALUES (?, ?, ?, ?)',
      this.#crypto.sha256(token),
      id,
      JSON.stringify(named),
      expires ?? null,
    );
    return token;
  }

  /** By lower-case hex SHA-256 of the token. */
  lookup(hash: string): Credential | undefined {
    const known = this.#known.get(hash);
    if (known) return known;
    const row = this.#sql.all<{ user: string; expires: number | null }>(
      'SELECT user, expires FROM credentials WHERE hash = ?',
      hash,
    )[0];
    if (!row) return undefined;
    const credential = { user: JSON.parse(row.user), ...(row.expires !== null && { expires: row.expires }) };
    if (this.#known.size >= CREDENTIAL_MEMO_ENTRIES) this.#known.clear();
    this.#known.set(hash, credential);
    return credential;
  }

  /** When a credential expires, by its name in a user's extra; undefined: never, or it is none of ours. */
  expiryOf(name: string): number | undefined {
    if (!name.startsWith(OURS)) return undefined;
    const [row] = this.#sql.all<{ expires: number | null }>(
      'SELECT expires FROM credentials WHERE id = ?',
      name.slice(OURS.length),
    );
    return row?.expires ?? undefined;
  }

  /** From now on the tokens of these credentials are unknown. */
  revoke(which: Revoked): void {
    this.#known.clear();
    if ('ids' in which) {
      this.#sql.run('DELETE FROM credentials WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(which.ids));
    } else {
      const kept = JSON.stringify(which.allBut);
      // Credentials of before ids were kept are among those that go.
      this.#sql.run('DELETE FROM credentials WHERE id IS NULL OR id NOT IN (SELECT value FROM json_each(?))', kept);
    }
  }

  /** From `at` on they are unknown, if they do not expire sooner. */
  expire(ids: readonly string[], at: number): void {
    this.#known.clear();
    this.#sql.run(
      'UPDATE credentials SET expires = min(coalesce(expires, ?), ?) WHERE id IN (SELECT value FROM json_each(?))',
      at,
      at,
      JSON.stringify(ids),
    );
  }

  /** Forgets those that have expired. */
  forget(now: number): void {
    this.#known.clear();
    this.#sql.run('DELETE FROM credentials WHERE expires <= ?', now);
  }
}

/** Whether what opened a watch, by its name in a user's extra, is among what is revoked. */
export function isRevoked(which: Revoked, name: string): boolean {
  if (!name.startsWith(OURS)) return 'allBut' in which && name === '';
  const id = name.slice(OURS.length);
  return 'ids' in which ? which.ids.includes(id) : !which.allBut.includes(id);
}

/** The credentials of a cluster that does not answer, for it is deleted: should it be restored, what was revoked meanwhile stays so. */
export function credentialsAtRest({ sql, crypto }: { sql: Sqlite; crypto: Crypto }): Credentials | undefined {
  if (!isInitialised(sql)) return undefined;
  migrate(sql);
  return new Credentials(sql, crypto);
}
