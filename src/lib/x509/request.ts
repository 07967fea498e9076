import { CertificationRequest } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Extensions, GeneralName, id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509';
import { type AlternativeNames, type Subject, subjectOf } from './name.ts';
import { pemBlocks, toPem } from './pem.ts';
import type { Signed } from './signature.ts';

/** PKCS#9 extensionRequest. */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const LABEL = 'CERTIFICATE REQUEST';
export const NO_REQUEST = `PEM block type must be ${LABEL}`;

/** A PKCS#10 certification request, as far as a signer needs it. */
export interface CertificateRequest extends Signed {
  subject: Subject;
  names: AlternativeNames;
  /** SubjectPublicKeyInfo as PEM. */
  publicKey: string;
}

/** The refusal of a text that is no request, in upstream's words. */
export class RequestError extends Error {}

/** Reads the first PEM block (pkg/apis/certificates/helpers.go ParseCSR). Throws a RequestError. The signature is not verified. */
export function parseRequest(pem: string): CertificateRequest {
  const [block] = pemBlocks(pem);
  if (block?.label !== LABEL) throw new RequestError(NO_REQUEST);
  checkLength(block.bytes);
  try {
    return read(AsnConvert.parse(block.bytes, CertificationRequest));
  } catch {
    throw new RequestError('asn1: structure error: malformed certificate request');
  }
}

const SEQUENCE = 0x30;
const LONG = 0x80;

/** Says where the outermost SEQUENCE and the bytes differ in length, which the parser does not mind. */
function checkLength(bytes: Uint8Array): void {
  if (bytes[0] !== SEQUENCE) return;
  const first = bytes[1] ?? LONG;
  const count = first & LONG ? first - LONG : 0;
  const length = count === 0 ? first : bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = 2 + count + length;
  if (end > bytes.length) throw new RequestError('asn1: syntax error: data truncated');
  if (end < bytes.length) throw new RequestError('asn1: syntax error: trailing data');
}

function read(request: CertificationRequest): CertificateRequest {
  const { certificationRequestInfo: info, certificationRequestInfoRaw: raw } = request;
  return {
    subject: subjectOf(info.subject),
    names: namesOf(info.attributes ?? []),
    publicKey: toPem('PUBLIC KEY', new Uint8Array(AsnConvert.serialize(info.subjectPKInfo))),
    signed: new Uint8Array(raw ?? AsnConvert.serialize(info)),
    signature: new Uint8Array(request.signature),
    algorithm: request.signatureAlgorithm.algorithm,
    ...(request.signatureAlgorithm.parameters && { parameters: new Uint8Array(request.signatureAlgorithm.parameters) }),
  };
}

function namesOf(attributes: Iterable<{ type: string; values: ArrayBuffer[] }>): AlternativeNames {
  const names: AlternativeNames = { dns: [], emails: [], ips: [], uris: [] };
  for (const { type, values } of attributes) {
    if (type !== EXTENSION_REQUEST || !values[0]) continue;
    for (const { extnID, extnValue } of AsnConvert.parse(values[0], Extensions)) {
      if (extnID !== id_ce_subjectAltName) continue;
      for (const name of AsnConvert.parse(extnValue, SubjectAlternativeName)) take(names, name);
    }
  }
  return names;
}

function take(names: AlternativeNames, { dNSName, rfc822Name, iPAddress, uniformResourceIdentifier: uri }: GeneralName): void {
  if (dNSName !== undefined) names.dns.push(dNSName);
  if (rfc822Name !== undefined) names.emails.push(rfc822Name);
  if (iPAddress !== undefined) names.ips.push(iPAddress);
  if (uri !== undefined) names.uris.push(uri);
}
