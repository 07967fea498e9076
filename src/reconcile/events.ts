import { EVENT_BURST, EVENT_MEMO_ENTRIES, EVENT_REFILL_MS, EVENT_SIMILAR_MAX, EVENT_SIMILAR_WINDOW_MS } from './limits.ts';
import type { KubeObject } from '../lib/json.ts';
import type { EventAction } from './plan.ts';

interface Similar {
  messages: Set<string>;
  last: number;
}
interface Seen {
  namespace: string;
  name: string;
  count: number;
  first: number;
}
interface Bucket {
  tokens: number;
  at: number;
}

/** What the recorder should do: write a new Event, count an old one up, or keep silent. */
export type Correlated =
  | { do: 'create'; message: string; remember: (namespace: string, name: string) => void }
  | { do: 'count'; seen: Seen; message: string }
  | { do: 'drop' };

/**
 * client-go's EventCorrelator (tools/record/events_cache.go): a spam filter per source and object, combination of similar events, and
 * counting of equal ones. A memo: droppable, since upstream's own is lost with its process.
 */
export class EventCorrelator {
  readonly #buckets = new Map<string, Bucket>();
  readonly #similar = new Map<string, Similar>();
  readonly #seen = new Map<string, Seen>();

  correlate(action: EventAction, now: number): Correlated {
    const about = involved(action.regarding);
    const source = `${action.component}|${about}`;
    const group = `${source}|${action.type}|${action.reason}`;
    const similar = this.#combine(group, action.message, now);
    const message = similar ? `(combined from similar events): ${action.message}` : action.message;
    const key = similar ? `${group}|*` : `${group}|${action.fieldPath ?? ''}|${action.message}`;
    if (!this.#spend(source, now)) return { do: 'drop' };
    const seen = this.#seen.get(key);
    if (seen) {
      seen.count++;
      return { do: 'count', seen, message };
    }
    return {
      do: 'create',
      message,
      remember: (namespace, name) => bound(this.#seen, key, { namespace, name, count: 1, first: now }),
    };
  }

  /** The Event that was counted is gone (expired, deleted): begin anew. */
  forget(seen: Seen): void {
    for (const [key, value] of this.#seen) if (value === seen) this.#seen.delete(key);
  }

  #combine(group: string, message: string, now: number): boolean {
    let entry = this.#similar.get(group);
    if (!entry || now - entry.last > EVENT_SIMILAR_WINDOW_MS) {
      entry = { messages: new Set(), last: now };
      bound(this.#similar, group, entry);
    }
    entry.last = now;
    if (entry.messages.size < EVENT_SIMILAR_MAX) entry.messages.add(message);
    return entry.messages.size >= EVENT_SIMILAR_MAX;
  }

  #spend(source: string, now: number): boolean {
    let bucket = this.#buckets.get(source);
    if (!bucket) {
      bucket = { tokens: EVENT_BURST, at: now };
      bound(this.#buckets, source, bucket);
    }
    bucket.tokens = Math.min(EVENT_BURST, bucket.tokens + (now - bucket.at) / EVENT_REFILL_MS);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

function involved(object: KubeObject): string {
  return `${object.kind}|${object.metadata.namespace ?? ''}|${object.metadata.name}|${object.metadata.uid}|${object.apiVersion}`;
}

function bound<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > EVENT_MEMO_ENTRIES) map.delete(map.keys().next().value as string);
}
