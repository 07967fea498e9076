import type { Crypto, Digest } from '../crypto-port.ts';
import { pssDigest, RSASSA_PSS } from './pss.ts';

/** Signature algorithms of X.509 and their digests; null: the algorithm has its own. That of RSASSA-PSS is in its parameters. */
const DIGESTS: Record<string, Digest | null> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.3.14.3.2.29': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

export interface Signed {
  /** The DER that was signed. */
  signed: Uint8Array;
  signature: Uint8Array;
  /** Object identifier. */
  algorithm: string;
  /** DER of the algorithm's parameters. */
  parameters?: Uint8Array;
}

/** Why the signature is not by the key (PEM), in crypto/x509's words; undefined: it is. */
export function signatureProblem(of: Signed, publicKey: string, crypto: Pick<Crypto, 'verifyBytes'>): string | undefined {
  const isPss = of.algorithm === RSASSA_PSS;
  const digest = isPss ? pssDigest(of.parameters) : DIGESTS[of.algorithm];
  if (digest === undefined) return 'x509: cannot verify signature: algorithm unimplemented';
  const what = { publicKey, digest, bytes: of.signed, signature: of.signature, ...(isPss && { padding: 'pss' as const }) };
  if (crypto.verifyBytes(what)) return undefined;
  if (of.algorithm.startsWith('1.2.840.10045.')) return 'x509: ECDSA verification failure';
  return digest === null ? 'x509: Ed25519 verification failure' : 'crypto/rsa: verification error';
}
