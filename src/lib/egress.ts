import { EGRESS_URL_CHARACTERS } from './limits.ts';

/**
 * Addresses that may be called on behalf of tenants, who must not reach the server's own network. Decided by the address alone: what a name
 * resolves to is for the network below (engine.ts gives workerd public addresses only; Cloudflare has nothing else).
 */

/** IPv4 blocks that are not the public Internet (IANA special-purpose registry), and Azure's metadata, which hides among public ones. */
const CLOSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map(blockOf);

/** Of IPv6 only global unicast is open, and of that not what embeds, documents or tunnels (Teredo, 6to4). */
const OPEN_V6 = { value: 0x2000n << 112n, bits: 3n };
const CLOSED_V6 = [
  { value: 0x2001n << 112n, bits: 23n },
  { value: 0x20010db8n << 96n, bits: 32n },
  { value: 0x2002n << 112n, bits: 16n },
  { value: 0x3fffn << 112n, bits: 20n },
];

/** Names of near things: this machine, this network, this cluster. */
const NEAR = new Set([
  'arpa',
  'cluster',
  'corp',
  'home',
  'internal',
  'intranet',
  'invalid',
  'lan',
  'local',
  'localdomain',
  'localhost',
  'onion',
  'private',
  'svc',
]);

/** Ports above 1023 of protocols other than HTTP (the Fetch standard's bad ports, and stores that answer to HTTP's first line). */
const ODD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
]);

/** Reason why an address may not be called; undefined: it may. */
export function refusalOf(text: string): string | undefined {
  if (text.length > EGRESS_URL_CHARACTERS) return `the address has more than ${EGRESS_URL_CHARACTERS} characters`;
  if (!URL.canParse(text)) return 'it is no address';
  const { protocol, username, password, port, hostname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return `${protocol} is not http or https`;
  if (username !== '' || password !== '') return 'an address holds no user and password';
  if (port !== '' && (Number(port) < 1024 || ODD_PORTS.has(Number(port)))) return `port ${port} is not for HTTP`;
  return refusalOfHost(hostname);
}

/** IPv4 address as four decimal numbers: the URL parser normalizes decimal, octal, hexadecimal and short forms. */
function refusalOfHost(hostname: string): string | undefined {
  if (hostname.startsWith('['))
    return isOpenV6(parseV6(hostname.slice(1, -1))) ? undefined : `${hostname} is not a public address`;
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname))
    return isOpenV4(parseV4(hostname)) ? undefined : `${hostname} is not a public address`;
  const labels = hostname.replace(/\.$/, '').split('.');
  if (labels.some((label) => label === '')) return `"${hostname}" is no name`;
  if (labels.length < 2 || NEAR.has(labels[labels.length - 1])) return `${hostname} is not a public name`;
  return undefined;
}

const isOpenV4 = (address: number): boolean => !CLOSED_V4.some(({ value, shift }) => address >>> shift === value >>> shift);

const startsWith = (address: bigint, { value, bits }: { value: bigint; bits: bigint }): boolean =>
  address >> (128n - bits) === value >> (128n - bits);

const isOpenV6 = (address: bigint): boolean =>
  startsWith(address, OPEN_V6) && !CLOSED_V6.some((block) => startsWith(address, block));

function parseV4(text: string): number {
  return text.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}

function blockOf(block: string): { value: number; shift: number } {
  const [address, bits] = block.split('/');
  return { value: parseV4(address), shift: 32 - Number(bits) };
}

/** An IPv6 address as the URL parser writes it: groups in hexadecimal, one run of zeros left out. */
function parseV6(text: string): bigint {
  const [head, tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
