import type { Crypto } from '../lib/crypto-port.ts';
import { CREDENTIAL_MEMO_ENTRIES } from '../lib/limits.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { UserInfo } from '../registry/ports.ts';

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
  issue(user: UserInfo, expires?: number): string {
    const token = `atollk_${this.#crypto.token(32)}`;
    this.#sql.run(
      'INSERT INTO credentials (hash, user, expires) VALUES (?, ?, ?)',
      this.#crypto.sha256(token),
      JSON.stringify(user),
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

  revoke(hash: string): void {
    this.#known.delete(hash);
    this.#sql.run('DELETE FROM credentials WHERE hash = ?', hash);
  }
}
