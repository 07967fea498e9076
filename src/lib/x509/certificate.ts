import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  type Name,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { type AlternativeNames, nameOf, type Subject, subjectOf } from './name.ts';
import { pemBlocks, toPem } from './pem.ts';
import type { Signed } from './signature.ts';

/** A certificate that was read, as far as who verifies it needs it. */
export interface ReadCertificate extends Signed {
  subject: Subject;
  issuer: Name;
  /** ms since the epoch. */
  notBefore: number;
  notAfter: number;
  /** Object identifiers of the extended key usages; absent: any. */
  usages?: string[];
  subjectName: Name;
  /** SubjectPublicKeyInfo as PEM. */
  publicKey: string;
  keyId?: ArrayBuffer;
}

/** Reads the DER of a certificate; undefined when it is none. Nothing is verified. */
export function parseCertificate(der: Uint8Array<ArrayBuffer>): ReadCertificate | undefined {
  try {
    return read(AsnConvert.parse(der, Certificate));
  } catch {
    return undefined;
  }
}

/** The first certificate of a PEM text. */
export function certificateOf(pem: string): ReadCertificate | undefined {
  const block = pemBlocks(pem).find(({ label }) => label === 'CERTIFICATE');
  return block && parseCertificate(block.bytes);
}

function read(certificate: Certificate): ReadCertificate {
  const { tbsCertificate: tbs, tbsCertificateRaw: raw } = certificate;
  const extension = (id: string) => tbs.extensions?.find(({ extnID }) => extnID === id)?.extnValue;
  const usages = extension(id_ce_extKeyUsage);
  const keyId = extension(id_ce_subjectKeyIdentifier);
  return {
    subject: subjectOf(tbs.subject),
    subjectName: tbs.subject,
    issuer: tbs.issuer,
    publicKey: toPem('PUBLIC KEY', new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo))),
    notBefore: tbs.validity.notBefore.getTime().getTime(),
    notAfter: tbs.validity.notAfter.getTime().getTime(),
    ...(usages && { usages: [...AsnConvert.parse(usages, ExtendedKeyUsage)] }),
    ...(keyId && { keyId: AsnConvert.parse(keyId, SubjectKeyIdentifier).buffer }),
    signed: new Uint8Array(raw ?? AsnConvert.serialize(tbs)),
    signature: new Uint8Array(certificate.signatureValue),
    algorithm: certificate.signatureAlgorithm.algorithm,
  };
}

/** What a certificate is to say. */
export interface CertificateTemplate {
  /** At most 16 bytes, a positive number. */
  serial: Uint8Array;
  issuer: Name;
  subject: Subject;
  /** ms since the epoch; seconds count. */
  notBefore: number;
  notAfter: number;
  /** SubjectPublicKeyInfo as PEM. */
  publicKey: string;
  names?: AlternativeNames;
  /** Bits of KeyUsage, the first is 1. */
  keyUsage: number;
  /** Object identifiers. */
  extendedUsages: string[];
  isAuthority: boolean;
  subjectKeyId?: Uint8Array;
  authorityKeyId?: ArrayBuffer;
}

/** The DER of a certificate, its extensions in the order of crypto/x509. `sign` signs the DER of its body, by an algorithm of this identifier. */
export function makeCertificate(
  template: CertificateTemplate,
  algorithm: string,
  sign: (body: Uint8Array) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const signature = new AlgorithmIdentifier({ algorithm });
  const [key] = pemBlocks(template.publicKey);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: positive(template.serial),
    signature,
    issuer: template.issuer,
    validity: new Validity({ notBefore: timeOf(template.notBefore), notAfter: timeOf(template.notAfter) }),
    subject: nameOf(template.subject),
    subjectPublicKeyInfo: AsnConvert.parse(key.bytes, SubjectPublicKeyInfo),
    extensions: new Extensions(extensionsOf(template)),
  });
  const body = new Uint8Array(AsnConvert.serialize(tbsCertificate));
  const signatureValue = sign(body).slice().buffer;
  return new Uint8Array(AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: signature, signatureValue })));
}

const MS = 1000;
const timeOf = (ms: number): Date => new Date(Math.floor(ms / MS) * MS);

/** The bytes of a positive INTEGER in its shortest form (X.690 section 8.3.2). */
function positive(bytes: Uint8Array): ArrayBuffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return (digits[0] < 0x80 ? digits.slice() : Uint8Array.of(0, ...digits)).buffer as ArrayBuffer;
}

function extensionsOf(template: CertificateTemplate): Extension[] {
  const { keyUsage, extendedUsages, isAuthority, subjectKeyId, authorityKeyId, names, subject } = template;
  const all: (Extension | false | undefined)[] = [
    keyUsage !== 0 && extension(id_ce_keyUsage, true, usageOf(keyUsage)),
    extendedUsages.length > 0 && extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage(extendedUsages)),
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: isAuthority })),
    subjectKeyId && extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyId.slice())),
    authorityKeyId &&
      extension(
        id_ce_authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(authorityKeyId) }),
      ),
    names && alternativeNames(names, subject),
  ];
  return all.filter((one): one is Extension => one instanceof Extension);
}

const extension = (extnID: string, critical: boolean, value: unknown): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

const BITS_PER_BYTE = 8;

/** A BIT STRING without the zeros at its end (X.690 section 11.2.2); the first bit of the flags is the first of the string. */
function usageOf(flags: number): KeyUsage {
  const last = 31 - Math.clz32(flags);
  const bytes = new Uint8Array(Math.floor(last / BITS_PER_BYTE) + 1);
  for (let bit = 0; bit <= last; bit++) {
    if (flags & (1 << bit)) bytes[Math.floor(bit / BITS_PER_BYTE)] |= 0x80 >> (bit % BITS_PER_BYTE);
  }
  return new KeyUsage(bytes, bytes.length * BITS_PER_BYTE - last - 1);
}

/** Critical where there is no subject beside it. */
function alternativeNames({ dns, emails, ips, uris }: AlternativeNames, subject: Subject): Extension | undefined {
  const names = [
    ...dns.map((dNSName) => new GeneralName({ dNSName })),
    ...emails.map((rfc822Name) => new GeneralName({ rfc822Name })),
    ...ips.map((iPAddress) => new GeneralName({ iPAddress })),
    ...uris.map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
  ];
  if (!names.length) return undefined;
  return extension(id_ce_subjectAltName, nameOf(subject).length === 0, new SubjectAlternativeName(names));
}
