import { Bucket } from '../../lib/bucket.ts';
import type { Principal } from './access.ts';
import { Problem } from './errors.ts';
import {
  PRINCIPAL_BURST,
  PRINCIPAL_PER_SECOND,
  RATES_KEPT,
  ANONYMOUS_BURST,
  ANONYMOUS_PER_SECOND,
  ANONYMOUS_TOTAL_BURST,
  ANONYMOUS_TOTAL_PER_SECOND,
} from '../limits.ts';

const MS = 1000;

/** Buckets by whom they are for, bounded: those that are full say nothing that a new one would not. */
class Buckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(key: string, now: number): number {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= RATES_KEPT) this.#sweep(now);
      bucket = new Bucket(this.#perSecond, this.#burst);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(now);
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key);
    // Nobody can have so many that all are in use; should they, forgetting is better than growing.
    if (this.#buckets.size >= RATES_KEPT) this.#buckets.clear();
  }
}

const idOf = (who: Principal): string => (who.type === 'operator' ? who.type : `${who.type}:${who.id}`);

/** How often one may ask the management API: in the memory of an isolate, so that a check costs nothing and a refusal no query. */
export class Rates {
  readonly #principals = new Buckets(PRINCIPAL_PER_SECOND, PRINCIPAL_BURST);
  readonly #anonymous = new Buckets(ANONYMOUS_PER_SECOND, ANONYMOUS_BURST);
  readonly #all = new Bucket(ANONYMOUS_TOTAL_PER_SECOND, ANONYMOUS_TOTAL_BURST);

  /** Somebody known; the operator is not bounded. */
  known(who: Principal, now: number): void {
    if (who.type !== 'operator') refuse(this.#principals.take(idOf(who), now));
  }

  /**
   * Somebody who is not known, by the address that the platform saw. All of them together are bounded too: where no platform is in front, the
   * address is whatever they say.
   */
  anonymous(address: string | undefined, now: number): void {
    refuse(this.#all.take(now));
    refuse(this.#anonymous.take(address ?? '', now));
  }
}

function refuse(wait: number): void {
  if (wait === 0) return;
  const seconds = Math.ceil(wait / MS);
  throw new Problem('rate-limited', `ask again in ${seconds} s`, { 'retry-after': String(seconds) });
}
