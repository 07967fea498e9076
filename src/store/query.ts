import type { SqlValue } from '../lib/sqlite-port.ts';
import type { ListQuery, LogRow } from './rows.ts';

export const keyOf = (resource: string, namespace: string, name: string): string => `${resource}\0${namespace}\0${name}`;

export const utf8 = new TextEncoder();

export function joined(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

export function pick(rows: LogRow[], filter: { resource?: string; namespace?: string; limit?: number }): LogRow[] {
  const { resource, namespace, limit } = filter;
  const all = resource === undefined && namespace === undefined;
  const out = all
    ? rows
    : rows.filter((r) => (resource ?? r.resource) === r.resource && (namespace ?? r.namespace) === r.namespace);
  return limit === undefined ? out : out.slice(0, limit);
}

export function condition(query: ListQuery): { sql: string; params: SqlValue[] } {
  const params: SqlValue[] = [query.resource];
  let sql = 'h.resource = ?';
  if (query.namespace !== undefined) {
    sql += ' AND h.namespace = ?';
    params.push(query.namespace);
  }
  if (query.name !== undefined) {
    sql += ' AND h.name = ?';
    params.push(query.name);
  }
  if (query.after) {
    sql += ' AND (h.namespace, h.name) > (?, ?)';
    params.push(query.after.namespace, query.after.name);
  }
  if (query.where) {
    sql += ` AND (${query.where.sql})`;
    params.push(...query.where.params);
  }
  return { sql, params };
}
