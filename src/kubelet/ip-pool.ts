import type { KubeObject } from '../lib/json.ts';
import type { IndexDefinition } from '../registry/view.ts';
import type { Change, Reader, View } from '../registry/view.ts';
import { toNumber, toText, usable } from './addresses.ts';

/** Addresses of one range: how many live pods hold each. */
class Pool {
  readonly #held = new Map<number, number>();
  readonly #first: number;
  readonly #end: number;
  /** No address below is free. */
  #next: number;

  constructor(podCIDR: string) {
    const { first, count } = usable(podCIDR);
    this.#first = first;
    this.#end = first + count;
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
    return this.#next < this.#end ? toText(this.#next) : undefined;
  }
}

/**
 * Which pod addresses are in use, derived from the pods in the store: an index of the view. A pod holds its address until it is finished
 * or gone, so two live pods never share one (SPEC KUB6).
 */
class Addresses {
  readonly #pools = new Map<string, Pool>();
  readonly #held = new Map<number, number>();

  constructor(view: Reader) {
    for (const pod of view.list('pods')) this.#count(addressOf(pod), 1);
  }

  /** The lowest free address of the range; undefined when it is full. */
  free(podCIDR: string): string | undefined {
    return this.#pool(podCIDR).lowest();
  }

  /** Follows one change. */
  apply(change: Change): void {
    const before = change.old && addressOf(change.old);
    const after = change.type === 'DELETED' ? undefined : addressOf(change.object);
    if (before === after) return;
    this.#count(before, -1);
    this.#count(after, 1);
  }

  #count(ip: string | undefined, by: number): void {
    if (!ip) return;
    const n = toNumber(ip);
    const holders = (this.#held.get(n) ?? 0) + by;
    if (holders > 0) this.#held.set(n, holders);
    else this.#held.delete(n);
    for (const pool of this.#pools.values()) pool.count(n, by);
  }

  /** Made when its first pod comes. */
  #pool(podCIDR: string): Pool {
    let pool = this.#pools.get(podCIDR);
    if (!pool) {
      pool = new Pool(podCIDR);
      for (const [ip, holders] of this.#held) pool.count(ip, holders);
      this.#pools.set(podCIDR, pool);
    }
    return pool;
  }
}

function addressOf(pod: KubeObject): string | undefined {
  const { phase, podIP } = pod.status ?? {};
  if (!podIP || pod.spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed' || podIP.includes(':')) return undefined;
  return podIP;
}

const INDEX: IndexDefinition<Addresses> = {
  name: 'pod addresses',
  resources: ['pods'],
  build: (view) => new Addresses(view),
  apply: (addresses, change) => addresses.apply(change),
};

/** A free pod address of the range; undefined when there is none, or the range is not IPv4. */
export function freeAddress(podCIDR: string | undefined, view: View): string | undefined {
  return podCIDR?.includes('.') ? view.index(INDEX).free(podCIDR) : undefined;
}
