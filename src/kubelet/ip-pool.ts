import type { KubeObject } from '../lib/json.ts';
import type { Change, View } from '../registry/view.ts';
import { toNumber, toText, usable } from './addresses.ts';

const isPods = (resource: string): boolean => resource === 'pods';

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
 * Which pod addresses are in use, derived from the pods in the store: a memo that follows the log, droppable at any time. A pod holds its
 * address until it is finished or gone, so two live pods never share one (SPEC KUB6).
 */
class Addresses {
  readonly #pools = new Map<string, Pool>();
  readonly #held = new Map<number, number>();
  #revision = -1;

  /** The lowest free address of the range; undefined when it is full or not IPv4. */
  free(podCIDR: string | undefined, view: View): string | undefined {
    this.#follow(view);
    return podCIDR?.includes('.') ? this.#pool(podCIDR).lowest() : undefined;
  }

  #follow(view: View): void {
    const { revision } = view;
    if (revision === this.#revision) return;
    const changes = this.#revision >= 0 && revision > this.#revision ? view.since(this.#revision, isPods) : undefined;
    if (changes) for (const change of changes) this.#apply(change);
    else this.#rebuild(view);
    this.#revision = revision;
  }

  #rebuild(view: View): void {
    this.#pools.clear();
    this.#held.clear();
    for (const pod of view.list('pods')) this.#count(addressOf(pod), 1);
  }

  #apply(change: Change): void {
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

const memos = new WeakMap<View, Addresses>();

/** A free pod address of the range, or undefined when there is none. */
export function freeAddress(podCIDR: string | undefined, view: View): string | undefined {
  let addresses = memos.get(view);
  if (!addresses) {
    addresses = new Addresses();
    memos.set(view, addresses);
  }
  return addresses.free(podCIDR, view);
}
