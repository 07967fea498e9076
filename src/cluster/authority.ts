import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import { CertificateAuthority, makeAuthority } from '../lib/x509/authority.ts';
import { serialOf } from '../lib/x509/serial.ts';
import { getMeta, setMeta } from '../store/schema.ts';

const CERTIFICATE = 'ca.crt';
const KEY = 'ca.key';
/** As kubeadm names the authority of a cluster. */
const NAME = 'kubernetes';

interface Ports {
  sql: Sqlite;
  crypto: Crypto;
  random: Random;
}

/**
 * The cluster's own certificate authority, in its own database: it signs what the signers of kubernetes.io sign, and verifies client certificates. What
 * clients verify the server by is another one, that of whoever serves TLS in front: kube-root-ca.crt has that.
 */
export class ClusterAuthority {
  readonly #ports: Ports;
  #current: CertificateAuthority | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Undefined while there is none: a copy and a cluster of before get theirs when they have work to do. */
  get current(): CertificateAuthority | undefined {
    if (this.#current) return this.#current;
    const { sql, crypto } = this.#ports;
    const certificate = getMeta(sql, CERTIFICATE);
    const privateKey = getMeta(sql, KEY);
    if (certificate === undefined || privateKey === undefined) return undefined;
    this.#current = new CertificateAuthority({ certificate, privateKey }, crypto);
    return this.#current;
  }

  /** Makes the authority if there is none; whether it did. */
  isMadeNow(now: number): boolean {
    if (this.current) return false;
    this.ensure(now);
    return true;
  }

  /** The authority, made now if there is none. */
  ensure(now: number): CertificateAuthority {
    if (this.current) return this.current;
    const { sql, crypto, random } = this.#ports;
    const made = makeAuthority(crypto, NAME, serialOf(random), now);
    sql.transaction(() => {
      setMeta(sql, CERTIFICATE, made.certificate);
      setMeta(sql, KEY, made.privateKey);
    });
    this.#current = new CertificateAuthority(made, crypto);
    return this.#current;
  }
}
