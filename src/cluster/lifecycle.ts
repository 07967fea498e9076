import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Lifecycle } from '../tenancy/cluster.ts';
import { getMeta, isInitialised, setMeta } from '../store/schema.ts';

/** Key in `meta`; stored databases have this name. */
const KEY = 'standing';
const INITIAL: Lifecycle = { version: 0, state: 'ready' };

/** Message of the 503 for authenticated requests to a suspended cluster. */
export const SUSPENDED = 'the cluster is suspended: resume it through the management API';

/** Lifecycle in the cluster's own database, so that the object refuses requests by itself (MG24). */
export function readLifecycle(sql: Sqlite): Lifecycle {
  const text = getMeta(sql, KEY);
  return text === undefined ? INITIAL : JSON.parse(text);
}

/** Stores the lifecycle unless the same or a newer version is stored. Returns whether the state changed; 'none': there is no cluster. */
export function storeLifecycle(sql: Sqlite, wanted: Lifecycle): 'changed' | 'same' | 'none' {
  if (!isInitialised(sql) || getMeta(sql, 'options') === undefined) return 'none';
  const known = readLifecycle(sql);
  if (wanted.version <= known.version) return 'same';
  setMeta(sql, KEY, JSON.stringify(wanted));
  return wanted.state === known.state ? 'same' : 'changed';
}
