import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Lifecycle } from '../management/clusters/port.ts';
import { getMeta, isInitialised, setMeta } from '../store/schema.ts';

const KEY = 'standing';
const AT_BIRTH: Lifecycle = { version: 0, state: 'ready' };

/** What authenticated requests to a suspended cluster are told. */
export const SUSPENDED = 'the cluster is suspended: resume it through the management API';

/** Whether the cluster runs, rests or waits for its end. It lies in its own database, so that the object refuses whoever was let through. */
export function readLifecycle(sql: Sqlite): Lifecycle {
  const text = getMeta(sql, KEY);
  return text === undefined ? AT_BIRTH : JSON.parse(text);
}

/** Takes on a standing; an older word than the one that is known changes nothing. */
export function storeLifecycle(sql: Sqlite, wanted: Lifecycle): 'changed' | 'same' | 'none' {
  if (!isInitialised(sql) || getMeta(sql, 'options') === undefined) return 'none';
  const known = readLifecycle(sql);
  if (wanted.version <= known.version) return 'same';
  setMeta(sql, KEY, JSON.stringify(wanted));
  return wanted.state === known.state ? 'same' : 'changed';
}
