import { AsnConvert } from '@peculiar/asn1-schema';
import type { Crypto } from '../crypto-port.ts';
import { type CertificateTemplate, certificateOf, makeCertificate, type ReadCertificate } from './certificate.ts';
import { nameOf } from './name.ts';
import { toPem } from './pem.ts';

/** A certificate authority, as PEM. */
export interface Authority {
  certificate: string;
  /** PKCS#8. */
  privateKey: string;
}

const YEARS_MS = 10 * 365 * 86_400_000;
const BACKDATED_MS = 300_000;
/** Key usages keyCertSign, digitalSignature and keyEncipherment, which kubeadm's authorities have. */
const KEY_USAGE = 1 | 4 | 32;
const KEY_ID_BYTES = 20;
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/**
 * Makes an authority: a P-256 key, and a certificate for ten years that it signs itself. The platform's node:crypto signs synchronously, like
 * service account tokens: no question is needed to sign in a reconcile. WebCrypto would take one (it is asynchronous), and signing in JavaScript a
 * library more, at a hundred times the time.
 */
export function makeAuthority(crypto: Crypto, commonName: string, serial: Uint8Array, now: number): Authority {
  const { privateKey, publicKey } = crypto.generateKey();
  const subject = { commonName, organization: [], others: {} };
  const keyId = Uint8Array.from({ length: KEY_ID_BYTES }, (_, i) =>
    Number.parseInt(crypto.sha256(publicKey).slice(2 * i, 2 * i + 2), 16),
  );
  const template: CertificateTemplate = {
    serial,
    issuer: nameOf(subject),
    subject,
    notBefore: now - BACKDATED_MS,
    notAfter: now + YEARS_MS,
    publicKey,
    keyUsage: KEY_USAGE,
    extendedUsages: [],
    isAuthority: true,
    subjectKeyId: keyId,
  };
  const der = makeCertificate(template, ECDSA_SHA256, (body) => crypto.signBytes(privateKey, body));
  return { certificate: toPem('CERTIFICATE', der), privateKey };
}

/** What an authority signs: the template, but for what is the authority's. */
export type Subordinate = Omit<CertificateTemplate, 'issuer' | 'isAuthority' | 'authorityKeyId' | 'subjectKeyId'>;

/** Signs and verifies certificates of one authority. */
export class CertificateAuthority {
  readonly pem: string;
  readonly #key: string;
  readonly #crypto: Pick<Crypto, 'signBytes' | 'verifyBytes'>;
  readonly #own: ReadCertificate;

  constructor({ certificate, privateKey }: Authority, crypto: Pick<Crypto, 'signBytes' | 'verifyBytes'>) {
    const own = certificateOf(certificate);
    if (!own) throw new Error('the certificate of the authority cannot be read');
    this.pem = certificate;
    this.#key = privateKey;
    this.#crypto = crypto;
    this.#own = own;
  }

  /** End of the authority, ms since the epoch. */
  get notAfter(): number {
    return this.#own.notAfter;
  }

  /** PEM of a certificate. */
  issue(template: Subordinate): string {
    const { subjectName: issuer, keyId } = this.#own;
    const whole = { ...template, issuer, isAuthority: false, ...(keyId && { authorityKeyId: keyId }) };
    return toPem(
      'CERTIFICATE',
      makeCertificate(whole, ECDSA_SHA256, (body) => this.#crypto.signBytes(this.#key, body)),
    );
  }

  /** Whether this authority signed the certificate. */
  issued(certificate: ReadCertificate): boolean {
    const { algorithm, signed: bytes, signature } = certificate;
    if (algorithm !== ECDSA_SHA256 || !sameName(certificate, this.#own)) return false;
    return this.#crypto.verifyBytes({ publicKey: this.#own.publicKey, digest: 'sha256', bytes, signature });
  }
}

/** Whether the certificate names the authority as its issuer. */
function sameName({ issuer }: ReadCertificate, { subjectName }: ReadCertificate): boolean {
  const [a, b] = [issuer, subjectName].map((name) => new Uint8Array(AsnConvert.serialize(name)));
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
