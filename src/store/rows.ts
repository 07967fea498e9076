import type { SqlValue } from '../lib/sqlite-port.ts';

/** One state of one key. `json` is the wire form; it starts with `{"kind":"K","apiVersion":"GV","metadata":`. */
export interface Row {
  rev: number;
  resource: string;
  /** "" for cluster-scoped objects. */
  namespace: string;
  name: string;
  json: string;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface LogRow extends Row {
  type: ChangeType;
  /** Revision of the state before; undefined for ADDED. */
  prev: number | undefined;
}

export interface ListQuery {
  resource: string;
  namespace?: string;
  name?: string;
  /** Exclusive start, in (namespace, name) order. */
  after?: { namespace: string; name: string };
  limit?: number;
  /** As of this revision; the caller has checked that it is not compacted. */
  at?: number;
  /** A condition over the column `json`, e.g. "json_extract(json, '$.status.phase') = ?". */
  where?: { sql: string; params: SqlValue[] };
}

/** The assembled items of a list. */
export interface ListItems {
  chunks: Uint8Array[];
  page: ListPage;
}

export interface ListPage {
  /** Rows beyond the limit. */
  rest: number;
  /** The last key of the page, when rows are left. */
  last: { namespace: string; name: string } | undefined;
}
