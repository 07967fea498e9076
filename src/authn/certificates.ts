import type { UserInfo } from '../api/machinery/user.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { CertificateAuthority } from '../lib/x509/authority.ts';
import { parseCertificate, type ReadCertificate } from '../lib/x509/certificate.ts';
import { fromBase64 } from '../lib/base64.ts';
import { VERIFIED_CERTIFICATES } from './limits.ts';
import { BoundedMap, CREDENTIAL_ID } from './tokens.ts';

const CLIENT_AUTH = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

interface Verified {
  certificate: ReadCertificate;
  user: UserInfo | undefined;
}

/** What becomes of a certificate: a user; nobody, for it names none; or it is not good. */
export type CertificateVerdict = { user: UserInfo } | 'nobody' | 'invalid';

/**
 * Client certificates of the cluster's own authority (apiserver authentication/request/x509). Whoever serves TLS saw to it that the client has the
 * key. Chains do not count: the authority signs no other authority.
 */
export class ClientCertificates {
  readonly #authority: () => CertificateAuthority | undefined;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #verified = new BoundedMap<Verified>(VERIFIED_CERTIFICATES);

  constructor(authority: () => CertificateAuthority | undefined, crypto: Pick<Crypto, 'sha256'>) {
    this.#authority = authority;
    this.#crypto = crypto;
  }

  /** By the DER of the certificate, in base64. */
  authenticate(base64: string, now: number): CertificateVerdict {
    const found = this.#verified.get(base64) ?? this.#verify(base64);
    if (!found || now < found.certificate.notBefore || now > found.certificate.notAfter) return 'invalid';
    return found.user ? { user: found.user } : 'nobody';
  }

  #verify(base64: string): Verified | undefined {
    const der = fromBase64(base64);
    const certificate = der && parseCertificate(der);
    if (!certificate || !this.#authority()?.issued(certificate)) return undefined;
    const { usages } = certificate;
    if (usages && !usages.some((usage) => CLIENT_AUTH.includes(usage))) return undefined;
    const verified = { certificate, user: this.#userOf(certificate, der) };
    this.#verified.set(base64, verified);
    return verified;
  }

  /** CommonNameUserConversion. */
  #userOf({ subject: { commonName, organization } }: ReadCertificate, der: Uint8Array): UserInfo | undefined {
    if (!commonName) return undefined;
    const extra = { [CREDENTIAL_ID]: [`X509SHA256=${this.#crypto.sha256(der)}`] };
    return { username: commonName, groups: organization, extra };
  }
}
