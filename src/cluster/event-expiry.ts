import { DUE_TIMERS_BATCH } from '../reconcile/limits.ts';
import type { Registry } from '../registry/registry.ts';
import type { Retention } from '../store/retention.ts';

/** Resource whose objects are removed EVENT_TTL_MS after their last write. */
export const EVENTS = 'events';

/**
 * Removes Events that outlived their TTL; returns false if there are more. Bypasses admission: upstream an etcd lease ends, without the API
 * server (registry/core/event/storage TTLFunc).
 */
export function expireEvents(registry: Registry, retention: Retention, now: number): boolean {
  const kind = registry.kinds.byResource(EVENTS);
  if (!kind || !retention.isDue(now)) return true;
  return registry.transaction(() => {
    const expired = retention.expired(now, DUE_TIMERS_BATCH);
    for (const { namespace, name } of expired) registry.expire(kind, namespace, name);
    return expired.length < DUE_TIMERS_BATCH;
  });
}
