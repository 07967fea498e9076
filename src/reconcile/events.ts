import { EVENT_BURST, EVENT_MEMO_ENTRIES, EVENT_REFILL_MS, EVENT_SIMILAR_MAX, EVENT_SIMILAR_WINDOW_MS } from './limits.ts';
import { Bucket } from '../lib/bucket.ts';
import type { KubeObject } from '../lib/json.ts';
import type { EventAction } from './plan.ts';

interface Similar {
  messages: ReadonlySet<string>;
  last: number;
}
interface Seen {
  namespace: string;
  name: string;
  count: number;
}

/** Result of correlation: create an Event, increment the count of an existing one, or drop it. */
export type Correlated =
  | { do: 'create'; message: string; remember: (namespace: string, name: string) => void }
  | { do: 'count'; seen: Readonly<Seen>; message: string; forget: () => void }
  | { do: 'drop' };

/**
 * client-go's EventCorrelator (tools/record/events_cache.go): a spam filter per source and object, aggregation of similar events, and
 * counting of equal ones. In memory only, as upstream. Changes of a transaction are pending until `commit`; `rollback` drops them, so an
 * Event that was never written is not counted.
 */
export class EventCorrelator {
  readonly #buckets = new PendingMap<Bucket>();
  readonly #similar = new PendingMap<Similar>();
  readonly #seen = new PendingMap<Seen>();

  correlate(action: EventAction, now: number): Correlated {
    const about = involved(action.regarding);
    const source = `${action.component}|${about}`;
    const group = `${source}|${action.type}|${action.reason}`;
    const similar = this.#combine(group, action.message, now);
    const message = similar ? `(combined from similar events): ${action.message}` : action.message;
    const key = similar ? `${group}|*` : `${group}|${action.fieldPath ?? ''}|${action.message}`;
    if (!this.#spend(source, now)) return { do: 'drop' };
    const known = this.#seen.get(key);
    if (known) {
      const seen = { ...known, count: known.count + 1 };
      this.#seen.set(key, seen);
      return { do: 'count', seen, message, forget: () => this.#seen.set(key, undefined) };
    }
    return {
      do: 'create',
      message,
      remember: (namespace, name) => this.#seen.set(key, { namespace, name, count: 1 }),
    };
  }

  /** Keeps the pending changes: their transaction is committed. */
  commit(): void {
    for (const map of [this.#buckets, this.#similar, this.#seen]) map.commit();
  }

  /** Drops the pending changes: their transaction was rolled back. */
  rollback(): void {
    for (const map of [this.#buckets, this.#similar, this.#seen]) map.rollback();
  }

  #combine(group: string, message: string, now: number): boolean {
    const known = this.#similar.get(group);
    const current = known && now - known.last <= EVENT_SIMILAR_WINDOW_MS ? known.messages : new Set<string>();
    const messages = current.size < EVENT_SIMILAR_MAX ? new Set(current).add(message) : current;
    this.#similar.set(group, { messages, last: now });
    return messages.size >= EVENT_SIMILAR_MAX;
  }

  #spend(source: string, now: number): boolean {
    const bucket = this.#buckets.get(source)?.copy() ?? new Bucket(SECOND_MS / EVENT_REFILL_MS, EVENT_BURST);
    this.#buckets.set(source, bucket);
    return bucket.take(now) === 0;
  }
}

const SECOND_MS = 1000;

/** Bounded map of immutable values whose changes are pending until committed; the oldest entries are evicted first. */
class PendingMap<V> {
  readonly #kept = new Map<string, V>();
  readonly #pending = new Map<string, V | undefined>();

  get(key: string): V | undefined {
    return this.#pending.has(key) ? this.#pending.get(key) : this.#kept.get(key);
  }

  /** Sets a pending value; undefined removes the entry. */
  set(key: string, value: V | undefined): void {
    this.#pending.set(key, value);
  }

  commit(): void {
    for (const [key, value] of this.#pending) {
      if (value === undefined) this.#kept.delete(key);
      else this.#kept.set(key, value);
      if (this.#kept.size > EVENT_MEMO_ENTRIES) this.#kept.delete(this.#kept.keys().next().value as string);
    }
    this.#pending.clear();
  }

  rollback(): void {
    this.#pending.clear();
  }
}

function involved(object: KubeObject): string {
  return `${object.kind}|${object.metadata.namespace ?? ''}|${object.metadata.name}|${object.metadata.uid}|${object.apiVersion}`;
}
