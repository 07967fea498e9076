import { WATCH_CACHE_ROWS, WATCH_CACHE_ROWS_MAX } from '../limits.ts';
import type { Registry } from '../../registry/registry.ts';
import type { LogRow, Row } from '../../store/rows.ts';

interface Window {
  /** Holds every change after `from` up to `to`. */
  from: number;
  to: number;
  rows: LogRow[];
}

/** The watch cache of a cluster: each change is read once and each frame made once for all watches. */
export class WatchCache {
  readonly #registry: Registry;
  readonly #windows = new Map<string, Window>();
  readonly #frames = new WeakMap<LogRow, Map<string, string>>();
  readonly #before = new WeakMap<LogRow, Row>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Changes of a resource after a revision. Never from before compaction: the caller has checked. */
  since(resource: string, revision: number): readonly LogRow[] {
    const { log, revision: head } = this.#registry;
    if (revision >= head) return [];
    const window = this.#window(resource, revision, head);
    // A watch from before the window reads the log.
    if (revision < window.from) return log.after(revision, { resource });
    const found = tail(window.rows, revision);
    if (window.rows.length > WATCH_CACHE_ROWS_MAX) trim(window);
    return found;
  }

  /** The cache window of a resource, up to date. */
  #window(resource: string, revision: number, head: number): Window {
    let window = this.#windows.get(resource);
    // Changes between an abandoned window and the next reader are never read: a new window begins.
    if (!window || window.to > head || window.to < revision) {
      window = { from: revision, to: revision, rows: [] };
      this.#windows.set(resource, window);
    }
    if (window.to < head) {
      for (const row of this.#registry.log.after(window.to, { resource })) window.rows.push(row);
      window.to = head;
    }
    return window;
  }

  /** The state before a change. */
  before(row: LogRow): Row | undefined {
    if (row.prev === undefined) return undefined;
    let found = this.#before.get(row);
    if (!found) {
      found = this.#registry.log.at(row.prev);
      if (found) this.#before.set(row, found);
    }
    return found;
  }

  /** One frame of a change, made once per form. */
  frame(row: LogRow, form: string, make: () => string): string {
    let frames = this.#frames.get(row);
    if (!frames) {
      frames = new Map();
      this.#frames.set(row, frames);
    }
    let text = frames.get(form);
    if (text === undefined) {
      text = make();
      frames.set(form, text);
    }
    return text;
  }
}

function trim(window: Window): void {
  window.rows = window.rows.slice(-WATCH_CACHE_ROWS);
  window.from = (window.rows[0] as LogRow).rev - 1;
}

/** The rows after a revision; mostly a few at the end. */
function tail(rows: readonly LogRow[], revision: number): readonly LogRow[] {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as LogRow).rev <= revision) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? rows.slice() : rows.slice(low);
}

/**
 * The one watch cache of a registry's cluster. It reads the log itself, so nothing is applied; a rollback below what it read drops it.
 */
export const watchCacheOf = (registry: Registry): WatchCache =>
  registry.view.index({ name: 'watch cache', resources: [], build: () => new WatchCache(registry), apply: () => {} });
