import type { Registry } from '../../registry/registry.ts';
import type { LogRow, Row } from '../../store/rows.ts';

/** Changes of one resource kept for the next watcher that lags a little, once all have been served. */
const FEED_ROWS = 128;
/** Changes kept at most before the oldest are dropped. */
const FEED_ROWS_MAX = 1024;

interface Stretch {
  /** Holds every change after `from` up to `to`. */
  from: number;
  to: number;
  rows: LogRow[];
}

/** The watch cache of a cluster: each change is read once and each frame made once for all watches. */
export class Feed {
  readonly #registry: Registry;
  readonly #stretches = new Map<string, Stretch>();
  readonly #frames = new WeakMap<LogRow, Map<string, string>>();
  readonly #before = new WeakMap<LogRow, Row>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Changes of a resource after a revision. Never from before compaction: the caller has checked. */
  since(resource: string, revision: number): readonly LogRow[] {
    const { log, revision: head } = this.#registry;
    if (revision >= head) return [];
    const stretch = this.#stretch(resource, revision, head);
    // Somebody who lags far behind reads for themselves.
    if (revision < stretch.from) return log.after(revision, { resource });
    const found = tail(stretch.rows, revision);
    if (stretch.rows.length > FEED_ROWS_MAX) trim(stretch);
    return found;
  }

  /** The cache window of a resource, up to date. */
  #stretch(resource: string, revision: number, head: number): Stretch {
    let stretch = this.#stretches.get(resource);
    // Nobody needs what lies between a stretch that was left behind and the first who asks again.
    if (!stretch || stretch.to > head || stretch.to < revision) {
      stretch = { from: revision, to: revision, rows: [] };
      this.#stretches.set(resource, stretch);
    }
    if (stretch.to < head) {
      for (const row of this.#registry.log.after(stretch.to, { resource })) stretch.rows.push(row);
      stretch.to = head;
    }
    return stretch;
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

function trim(stretch: Stretch): void {
  stretch.rows = stretch.rows.slice(-FEED_ROWS);
  stretch.from = (stretch.rows[0] as LogRow).rev - 1;
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
 * The one feed of a registry's cluster. It reads the log itself, so nothing is applied; a rollback below what it read drops it.
 */
export const feedOf = (registry: Registry): Feed =>
  registry.view.index({ name: 'watch feed', resources: [], build: () => new Feed(registry), apply: () => {} });
