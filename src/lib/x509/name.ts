import { AsnConvert } from '@peculiar/asn1-schema';
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';

/** A subject, as crypto/x509/pkix.Name keeps it: what it does not know is left out of a certificate that is made with it. */
export interface Subject {
  commonName: string;
  organization: string[];
  /** Values of the other attributes of ATTRIBUTES, by their type. */
  others: Record<string, string[]>;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const SERIAL_NUMBER = '2.5.4.5';
/** The attributes in the order in which pkix.Name writes them: country, organization, unit, locality, province, street, postal code, name, serial. */
const ATTRIBUTES = ['2.5.4.6', ORGANIZATION, '2.5.4.11', '2.5.4.7', '2.5.4.8', '2.5.4.9', '2.5.4.17', COMMON_NAME, SERIAL_NUMBER];
/** Of these the last value counts. */
const SINGLE = new Set([COMMON_NAME, SERIAL_NUMBER]);
/** Characters of a PrintableString (encoding/asn1 isPrintable, without * and &). */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** Text of an attribute's value; undefined: it is no string. */
const textOf = (value: AttributeValue): string | undefined => (value.anyValue ? undefined : value.toString());

export function subjectOf(name: Name): Subject {
  const values = new Map<string, string[]>();
  for (const rdn of name) {
    for (const { type, value } of rdn) {
      const text = textOf(value);
      if (text === undefined || !ATTRIBUTES.includes(type)) continue;
      values.set(type, SINGLE.has(type) ? [text] : [...(values.get(type) ?? []), text]);
    }
  }
  const { [COMMON_NAME]: common = [], [ORGANIZATION]: organization = [], ...others } = Object.fromEntries(values);
  return { commonName: common[0] ?? '', organization, others };
}

/** One set of all values of a type, in the order of their encodings (pkix.Name.ToRDNSequence). */
export function nameOf({ commonName, organization, others }: Subject): Name {
  const values: Record<string, string[]> = { ...others, [ORGANIZATION]: organization, [COMMON_NAME]: [commonName] };
  const rdns = ATTRIBUTES.flatMap((type) => {
    const given = (values[type] ?? []).filter((value) => value !== '' || !SINGLE.has(type));
    return given.length ? [new RelativeDistinguishedName(inOrder(given.map((value) => attribute(type, value))))] : [];
  });
  return new Name(rdns);
}

const attribute = (type: string, value: string): AttributeTypeAndValue =>
  new AttributeTypeAndValue({
    type,
    value: new AttributeValue(PRINTABLE.test(value) ? { printableString: value } : { utf8String: value }),
  });

function inOrder(attributes: AttributeTypeAndValue[]): AttributeTypeAndValue[] {
  if (attributes.length < 2) return attributes;
  const encoded = attributes.map((one) => ({ one, bytes: new Uint8Array(AsnConvert.serialize(one)) }));
  return encoded.sort((a, b) => compare(a.bytes, b.bytes)).map(({ one }) => one);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The names of a subjectAltName extension, in the order in which crypto/x509 writes them. */
export interface AlternativeNames {
  dns: string[];
  emails: string[];
  ips: string[];
  uris: string[];
}
