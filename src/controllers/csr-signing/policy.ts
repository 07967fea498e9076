/** What a certificate of the signers may be used for, and how long it is good (pkg/controller/certificates/authority/policies.go, signer.go). */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** kube-controller-manager --cluster-signing-duration. */
const TTL_MS = 365 * 24 * HOUR_MS;
const MIN_TTL_MS = 10 * MINUTE_MS;
/** Certificates begin before they were made, for clocks differ. */
const BACKDATE_MS = 5 * MINUTE_MS;
/** A shorter life does not lose what it began earlier. */
const SHORT_MS = 8 * HOUR_MS;

/** Bits of KeyUsage; the first bit is 1. */
const KEY_USAGES: Record<string, number> = {
  signing: 1,
  'digital signature': 1,
  'content commitment': 2,
  'key encipherment': 4,
  'data encipherment': 8,
  'key agreement': 16,
  'cert sign': 32,
  'crl sign': 64,
  'encipher only': 128,
  'decipher only': 256,
};

const PURPOSE = '1.3.6.1.5.5.7.3.';
/** Extended usages by their names, in the order of crypto/x509's constants. */
const EXTENDED: [string, string][] = [
  ['any', '2.5.29.37.0'],
  ['server auth', `${PURPOSE}1`],
  ['client auth', `${PURPOSE}2`],
  ['code signing', `${PURPOSE}3`],
  ['email protection', `${PURPOSE}4`],
  ['s/mime', `${PURPOSE}4`],
  ['ipsec end system', `${PURPOSE}5`],
  ['ipsec tunnel', `${PURPOSE}6`],
  ['ipsec user', `${PURPOSE}7`],
  ['timestamping', `${PURPOSE}8`],
  ['ocsp signing', `${PURPOSE}9`],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
];

/** Usages for a certificate; undefined: one is not known. */
export function usagesOf(usages: readonly string[]): { keyUsage: number; extendedUsages: string[] } | undefined {
  const isKnown = (usage: string) => usage in KEY_USAGES || EXTENDED.some(([name]) => name === usage);
  if (!usages.every(isKnown)) return undefined;
  const keyUsage = usages.reduce((bits, usage) => bits | (KEY_USAGES[usage] ?? 0), 0);
  const extended = EXTENDED.filter(([name]) => usages.includes(name)).map(([, id]) => id);
  return { keyUsage, extendedUsages: [...new Set(extended)] };
}

/** Life of a certificate made now, by an authority that ends then; undefined: it has ended. */
export function validityOf(
  expirationSeconds: number | undefined,
  now: number,
  authorityEnds: number,
): { notBefore: number; notAfter: number } | undefined {
  if (now >= authorityEnds) return undefined;
  const ttl = expirationSeconds === undefined ? TTL_MS : Math.min(TTL_MS, Math.max(MIN_TTL_MS, expirationSeconds * 1000));
  const notAfter = now + ttl - (ttl < SHORT_MS ? 0 : BACKDATE_MS);
  return { notBefore: now - BACKDATE_MS, notAfter: Math.min(notAfter, authorityEnds) };
}
