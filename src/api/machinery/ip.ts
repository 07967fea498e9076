/** IP addresses and CIDRs as Go and Kubernetes read them (apimachinery util/validation/ip.go, utils/net). */

export interface Address {
  family: 4 | 6;
  /** 4 or 16 bytes. */
  bytes: number[];
  /** An octet or prefix had a leading zero: accepted by the sloppy parsers only. */
  leadingZeros: boolean;
  /** Written as ::ffff:1.2.3.4; family is 4 then. */
  mapped: boolean;
}

export interface Network {
  address: Address;
  bits: number;
  leadingZeros: boolean;
}

/** Parses as Go's old net.ParseIP did: leading zeros in octets are ignored. */
export function parseIP(text: string): Address | undefined {
  for (const c of text) {
    if (c === '.') return parse4(text);
    if (c === ':') return parse6(text);
  }
  return undefined;
}

function parse4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  let leadingZeros = false;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part)) return undefined;
    const n = Number(part);
    if (n > 255) return undefined;
    if (part.length > 1 && part[0] === '0') leadingZeros = true;
    bytes.push(n);
  }
  return { family: 4, bytes, leadingZeros, mapped: false };
}

function parse6(text: string): Address | undefined {
  let rest = text;
  let tail: Address | undefined;
  const dot = text.indexOf('.');
  if (dot >= 0) {
    const colon = text.lastIndexOf(':');
    tail = parse4(text.slice(colon + 1));
    if (!tail || tail.family !== 4) return undefined;
    const [a, b, c, d] = tail.bytes as [number, number, number, number];
    rest = `${text.slice(0, colon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const left = groups(halves[0] as string);
  const right = halves.length === 2 ? groups(halves[1] as string) : [];
  if (!left || !right) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const words = [...left, ...Array.from({ length: missing }, () => 0), ...right];
  const bytes = words.flatMap((w) => [w >> 8, w & 255]);
  const leadingZeros = tail?.leadingZeros ?? false;
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) {
    return { family: 4, bytes: bytes.slice(12), leadingZeros, mapped: true };
  }
  return { family: 6, bytes, leadingZeros, mapped: false };
}

function groups(text: string): number[] | undefined {
  if (!text) return [];
  const out: number[] = [];
  for (const group of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    out.push(Number.parseInt(group, 16));
  }
  return out;
}

/** The canonical text of an address: RFC 5952 for IPv6. */
export function formatIP(address: Address): string {
  const { bytes } = address;
  if (address.family === 4) return bytes.join('.');
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && words[j] === 0) j++;
    if (j - i > length) {
      start = i;
      length = j - i;
    }
    i = Math.max(i, j - 1);
  }
  const hex = (list: number[]) => list.map((w) => w.toString(16)).join(':');
  if (start < 0) return hex(words);
  return `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`;
}

/** Canonical text, or the text itself when it is no address. */
export function canonicalIP(text: string): string {
  const address = parseIP(text);
  return address ? formatIP(address) : text;
}

const NONE: string[] = [];
Object.freeze(NONE);

/** Errors of an address by strict parsing (StrictIPCIDRValidation, on in 1.36); [] if valid. */
export function ipProblems(text: string): string[] {
  const address = parseIP(text);
  if (!address) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  if (address.leadingZeros) return ['must not have leading 0s'];
  return address.mapped ? ['must not be an IPv4-mapped IPv6 address'] : NONE;
}

/** Parses "address/bits" sloppily (leading zeros pass). */
export function parseCIDR(text: string): Network | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIP(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^[0-9]+$/.test(digits)) return undefined;
  let bits = Number(digits);
  const max = address.family === 4 && !address.mapped ? 32 : 128;
  if (bits > max) return undefined;
  if (address.mapped) bits = Math.max(0, bits - 96);
  return { address, bits, leadingZeros: address.leadingZeros || (digits.length > 1 && digits[0] === '0') };
}

/** The network's own address: bits beyond the prefix cleared. */
export function masked(network: Network): number[] {
  return network.address.bytes.map((byte, i) => {
    const keep = Math.min(8, Math.max(0, network.bits - i * 8));
    return byte & (0xff << (8 - keep)) & 0xff;
  });
}

export const formatCIDR = (n: Network): string => `${formatIP({ ...n.address, bytes: masked(n) })}/${n.bits}`;

/** Errors of a CIDR in subnet form by strict parsing. */
export function cidrProblems(text: string): string[] {
  const network = parseCIDR(text);
  if (!network) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
  if (network.leadingZeros) return ['must not have leading 0s in IP or prefix length'];
  if (network.address.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  if (masked(network).some((byte, i) => byte !== network.address.bytes[i])) {
    return ['must not have bits set beyond the prefix length'];
  }
  return NONE;
}

/** Is the address inside the network? */
export function contains(network: Network, address: Address): boolean {
  if (network.address.family !== address.family) return false;
  const base = masked(network);
  const own = masked({ ...network, address });
  return own.every((byte, i) => byte === base[i]);
}

/** Warnings about an accepted but unusual address (GetWarningsForIP). */
export function ipWarnings(path: string, text: string): string[] {
  const address = parseIP(text);
  if (!address) return NONE;
  const canonical = formatIP(address);
  if (address.leadingZeros || address.mapped) {
    return [`${path}: non-standard IP address ${JSON.stringify(text)} is invalid: use ${JSON.stringify(canonical)}`];
  }
  if (address.family === 6 && canonical !== text) {
    return [
      `${path}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
    ];
  }
  return NONE;
}

/** Warnings about an accepted but unusual CIDR (GetWarningsForCIDR). */
export function cidrWarnings(path: string, text: string): string[] {
  const network = parseCIDR(text);
  if (!network) return NONE;
  const out: string[] = [];
  const { address } = network;
  const full = address.family === 4 ? 32 : 128;
  const quote = JSON.stringify;
  if (masked(network).some((byte, i) => byte !== address.bytes[i])) {
    const single = `${formatIP(address)}/${full}`;
    const should = `should be ${quote(formatCIDR(network))} or ${quote(single)}?`;
    out.push(`${path}: CIDR value ${quote(text)} is ambiguous in this context (${should})`);
  }
  if (network.leadingZeros || address.mapped) {
    out.push(`${path}: non-standard CIDR value ${quote(text)} is invalid: use ${quote(formatCIDR(network))}`);
  }
  const canonical = `${formatIP(address)}/${network.bits}`;
  if (!out.length && address.family === 6 && canonical !== text) {
    out.push(`${path}: IPv6 CIDR value ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`);
  }
  return out;
}
