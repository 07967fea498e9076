import {
  type AuthenticationConfiguration,
  ConfigurationError,
  type JwtAuthenticator,
  readConfiguration,
} from '../authn/oidc/configuration.ts';
import type { HeldKeys, IssuerSource } from '../authn/oidc/keys.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { AuthenticationSet } from '../tenancy/authentication.ts';
import { deleteMeta, deleteMetas, getMeta, setMeta } from '../store/schema.ts';

const CONFIGURATION = 'authentication';
const KEYS = 'issuer-keys ';

/** OIDC issuers of a cluster: AuthenticationConfiguration and the issuers' keys, in its own database. */
export class Authentication implements IssuerSource {
  readonly #sql: Sqlite;
  readonly #changed: () => void;
  #trusted: readonly JwtAuthenticator[];
  /** Parsed keys by the issuer's URL, with the stored text that they were parsed from. */
  readonly #read = new Map<string, { text: string; keys: HeldKeys }>();

  /** `changed` is called when another configuration was set. */
  constructor(sql: Sqlite, changed: () => void) {
    this.#sql = sql;
    this.#changed = changed;
    this.#trusted = this.configuration()?.jwt ?? [];
  }

  /** The configuration in force. */
  configuration(): AuthenticationConfiguration | undefined {
    const text = getMeta(this.#sql, CONFIGURATION);
    return text === undefined ? undefined : (JSON.parse(text) as AuthenticationConfiguration);
  }

  /** Puts a configuration (YAML or JSON) in force; undefined: no issuer is trusted. Stored keys are deleted. */
  set(text: string | undefined): AuthenticationSet {
    let read: AuthenticationConfiguration | undefined;
    try {
      read = text === undefined ? undefined : readConfiguration(text);
    } catch (error) {
      if (error instanceof ConfigurationError) return { refused: error.message };
      throw error;
    }
    this.#sql.transaction(() => {
      deleteMetas(this.#sql, KEYS);
      if (read) setMeta(this.#sql, CONFIGURATION, JSON.stringify(read));
      else deleteMeta(this.#sql, CONFIGURATION);
    });
    this.#trusted = read?.jwt ?? [];
    this.#read.clear();
    this.#changed();
    return { configuration: read };
  }

  trusted(): readonly JwtAuthenticator[] {
    return this.#trusted;
  }

  keys(url: string): HeldKeys | undefined {
    const text = getMeta(this.#sql, KEYS + url);
    if (text === undefined) return undefined;
    const known = this.#read.get(url);
    if (known?.text === text) return known.keys;
    const keys = JSON.parse(text) as HeldKeys;
    this.#read.set(url, { text, keys });
    return keys;
  }

  keep(url: string, held: HeldKeys): void {
    setMeta(this.#sql, KEYS + url, JSON.stringify(held));
  }
}
