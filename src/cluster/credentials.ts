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
  /** Expiry, ms since the epoch; absent: never. */
  expires?: number;
}

/** Prefix of a credential id in a user's extra, beside the JTI= of service account tokens. */
const PREFIX = 'ATOLL=';
const nameOf = (id: string): string => `${PREFIX}${id}`;

/** Bearer tokens of one cluster, hashed, in its own database: no request needs the deployment's database to be authenticated. */
export class Credentials {
  readonly #sql: Sqlite;
  readonly #crypto: Crypto;
  /** Cache of lookups, bounded. Never stale: this object is the only writer of the table. */
  readonly #known = new Map<string, Credential>();

  constructor(sql: Sqlite, crypto: Crypto) {
    this.#sql = sql;
    this.#crypto = crypto;
  }

  /** Issues a credential; returns its token, of which only the hash is stored. */
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

  /** Credential by the lower-case hex SHA-256 of its token. */
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

  /** Expiry of a credential by its name in a user's extra, ms; undefined: never, or no such credential. */
  expiryOf(name: string): number | undefined {
    if (!name.startsWith(PREFIX)) return undefined;
    const [row] = this.#sql.all<{ expires: number | null }>(
      'SELECT expires FROM credentials WHERE id = ?',
      name.slice(PREFIX.length),
    );
    return row?.expires ?? undefined;
  }

  /** Deletes credentials; their tokens are unknown from now on. */
  revoke(which: Revoked): void {
    this.#known.clear();
    if ('ids' in which) {
      this.#sql.run('DELETE FROM credentials WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(which.ids));
    } else {
      const kept = JSON.stringify(which.allBut);
      // Credentials from a schema without ids are deleted too.
      this.#sql.run('DELETE FROM credentials WHERE id IS NULL OR id NOT IN (SELECT value FROM json_each(?))', kept);
    }
  }

  /** Sets the expiry of credentials to `at` (ms) at the latest. */
  expire(ids: readonly string[], at: number): void {
    this.#known.clear();
    this.#sql.run(
      'UPDATE credentials SET expires = min(coalesce(expires, ?), ?) WHERE id IN (SELECT value FROM json_each(?))',
      at,
      at,
      JSON.stringify(ids),
    );
  }

  /** Deletes expired credentials. */
  deleteExpired(now: number): void {
    this.#known.clear();
    this.#sql.run('DELETE FROM credentials WHERE expires <= ?', now);
  }
}

/** Whether a credential, by its name in a user's extra, is among the revoked ones. */
export function isRevoked(which: Revoked, name: string): boolean {
  if (!name.startsWith(PREFIX)) return 'allBut' in which && name === '';
  const id = name.slice(PREFIX.length);
  return 'ids' in which ? which.ids.includes(id) : !which.allBut.includes(id);
}

/** Credentials of a deleted cluster, which is not opened: what is revoked now stays revoked if it is restored. */
export function credentialsAtRest({ sql, crypto }: { sql: Sqlite; crypto: Crypto }): Credentials | undefined {
  if (!isInitialised(sql)) return undefined;
  migrate(sql);
  return new Credentials(sql, crypto);
}
