import { DUE_TIMERS_BATCH } from '../reconcile/limits.ts';
import type { Registry } from '../registry/registry.ts';
import type { Retention } from '../store/retention.ts';

/** The resource whose objects are removed EVENT_TTL_MS after their last write. */
export const EVENTS = 'events';

/**
 * Removes Events that outlived their TTL; false: there are more of them. No admission plugin is asked, and no plan: upstream it is a lease of
 * etcd that ends (registry/core/event/storage, TTLFunc), of which the API server knows nothing.
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
