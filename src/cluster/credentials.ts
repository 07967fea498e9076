import type { Crypto } from '../lib/crypto-port.ts';
import { CREDENTIAL_MEMO_ENTRIES } from '../lib/limits.ts';
import { makeSecret, PREFIXES } from '../lib/secrets.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { UserInfo } from '../registry/ports.ts';

/** Under this key a user's extra names the credential that was used, as upstream does for its own (apiserver serviceaccount/util.go). */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

export interface Credential {
  user: UserInfo;
  /** ms since the epoch; absent: never. */
  expires?: number;
}

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
    const named = { ...user, extra: { ...user.extra, [CREDENTIAL_ID]: [`ATOLL=${id}`] } };
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

  /** From now on the tokens of these credentials are unknown. */
  revoke(ids: readonly string[]): void {
    this.#known.clear();
    this.#sql.run('DELETE FROM credentials WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  }
}
