import { masked, parseCIDR, parseIP } from './ip.ts';

/** An IPv4 text as a number; NaN: it is none. */
export function ipv4Number(text: string): number {
  const address = parseIP(text);
  return address?.family === 4 ? numberOf(address.bytes) : Number.NaN;
}

/** Bytes of an address as a number. */
export const numberOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

/** A number as an IPv4 text. */
export const ipv4Text = (n: number): string =>
  `${Math.floor(n / 2 ** 24)}.${Math.floor(n / 2 ** 16) % 256}.${Math.floor(n / 256) % 256}.${n % 256}`;

/** The usable addresses of an IPv4 network as numbers, without its own and the broadcast address; undefined: it is none. */
export function ipv4Range(cidr: string): { base: number; first: number; end: number } | undefined {
  const network = parseCIDR(cidr);
  if (network?.address.family !== 4) return undefined;
  const base = numberOf(masked(network));
  return { base, first: base + 1, end: base + 1 + Math.max(2 ** (32 - network.bits) - 2, 1) };
}

/** Addresses of one range: how many objects hold each. */
class Pool {
  readonly #held = new Map<number, number>();
  readonly #first: number;
  readonly #end: number;
  /** No address below is free. */
  #next: number;

  constructor({ first, end }: { first: number; end: number }) {
    this.#first = first;
    this.#end = end;
    this.#next = first;
  }

  count(ip: number, by: number): void {
    if (ip < this.#first || ip >= this.#end) return;
    const holders = (this.#held.get(ip) ?? 0) + by;
    if (holders > 0) this.#held.set(ip, holders);
    else {
      this.#held.delete(ip);
      if (ip < this.#next) this.#next = ip;
    }
  }

  lowest(): string | undefined {
    while (this.#held.has(this.#next)) this.#next++;
    return this.#next < this.#end ? ipv4Text(this.#next) : undefined;
  }
}

/** IPv4 addresses that objects hold, and the lowest free one of any range: a search begins where the last one ended. */
export class AddressPools {
  readonly #pools = new Map<string, Pool>();
  readonly #held = new Map<number, number>();

  has(ip: string): boolean {
    return this.#held.has(ipv4Number(ip));
  }

  /** Counts a holder of an address, or with `by` -1 one fewer. */
  count(ip: string | undefined, by: 1 | -1): void {
    const n = ip ? ipv4Number(ip) : Number.NaN;
    if (Number.isNaN(n)) return;
    const holders = (this.#held.get(n) ?? 0) + by;
    if (holders > 0) this.#held.set(n, holders);
    else this.#held.delete(n);
    for (const pool of this.#pools.values()) pool.count(n, by);
  }

  /** The lowest free address of a range; undefined when it is full, or no IPv4 range. */
  free(cidr: string): string | undefined {
    return this.#pool(cidr)?.lowest();
  }

  /** Made when it is asked for the first time. */
  #pool(cidr: string): Pool | undefined {
    const known = this.#pools.get(cidr);
    const range = known ? undefined : ipv4Range(cidr);
    if (!range) return known;
    const pool = new Pool(range);
    for (const [ip, holders] of this.#held) pool.count(ip, holders);
    this.#pools.set(cidr, pool);
    return pool;
  }
}
