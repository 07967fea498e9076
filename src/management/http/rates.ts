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

/** Token buckets by caller, bounded: a full bucket equals a new one and can be dropped. */
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
    // Unlikely to be all in use; forgetting is better than growing.
    if (this.#buckets.size >= RATES_KEPT) this.#buckets.clear();
  }
}

const idOf = (who: Principal): string => (who.type === 'operator' ? who.type : `${who.type}:${who.id}`);

/** Rate limits of the management API, in the memory of an isolate: a check costs nothing, a refusal no query. */
export class Rates {
  readonly #principals = new Buckets(PRINCIPAL_PER_SECOND, PRINCIPAL_BURST);
  readonly #anonymous = new Buckets(ANONYMOUS_PER_SECOND, ANONYMOUS_BURST);
  readonly #all = new Bucket(ANONYMOUS_TOTAL_PER_SECOND, ANONYMOUS_TOTAL_BURST);

  /** Counts a request of a principal; the operator is not limited. */
  known(who: Principal, now: number): void {
    if (who.type !== 'operator') refuse(this.#principals.take(idOf(who), now));
  }

  /**
   * Counts an unauthenticated request by the address that the platform saw. The total is limited too: without a platform in front clients
   * choose the address.
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
