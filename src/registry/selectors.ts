import type { Kind } from '../api/machinery/define-kind.ts';
import {
  FIELD_FALLBACK,
  FIELD_ZERO,
  checkFields,
  exactField,
  type FieldTerm,
  parseFieldSelector,
} from '../api/machinery/fields.ts';
import { parseSelector, type Requirement } from '../api/machinery/labels.ts';
import { badRequest } from '../api/machinery/status-errors.ts';
import { SELECTOR_TERMS } from './limits.ts';
import type { SqlValue } from '../lib/sqlite-port.ts';

/** A list's condition over the column `json`, and the part that the key alone answers. */
export interface Selection {
  where?: { sql: string; params: SqlValue[] };
  namespace?: string;
  name?: string;
  /** No selector at all: counts are known. */
  everything: boolean;
}

/**
 * Values of one requirement that are parameters of their own; more are one. A Durable Object's SQLite binds at most 100: with SELECTOR_TERMS
 * this leaves room for the rest of the query.
 */
const VALUES_MAX = 4;

/** Turns selectors into SQL, so that nothing is parsed to be filtered. Throws the 400 of a bad one. */
export function selection(kind: Kind, labelSelector: string | undefined, fieldSelector: string | undefined): Selection {
  const labels = distinct(labelSelector ? parseSelector(labelSelector) : []);
  const fields = distinct(fieldSelector ? parseFieldSelector(fieldSelector) : []);
  checkFields(fields, kind.selectable);
  if (labels.length + fields.length > SELECTOR_TERMS) throw badRequest(`a selector has at most ${SELECTOR_TERMS} requirements`);
  const sql: string[] = [];
  const params: SqlValue[] = [];
  for (const requirement of labels) sql.push(labelSql(requirement, params));
  for (const term of fields) {
    const condition = fieldSql(kind, term, params);
    if (condition) sql.push(condition);
  }
  return {
    ...(sql.length && { where: { sql: sql.join(' AND '), params } }),
    namespace: exactField(fields, 'metadata.namespace'),
    name: exactField(fields, 'metadata.name'),
    everything: labels.length === 0 && fields.length === 0,
  };
}

/** The distinct terms: a repeated condition changes nothing. */
function distinct<T>(terms: T[]): T[] {
  return terms.length < 2 ? terms : [...new Map(terms.map((term) => [JSON.stringify(term), term])).values()];
}

/** A JSON path of SQLite with every segment quoted. */
const path = (...segments: string[]): string => `$${segments.map((s) => `.${JSON.stringify(s)}`).join('')}`;

function list(values: readonly string[], params: SqlValue[]): string {
  if (values.length <= VALUES_MAX) {
    params.push(...values);
    return `(${values.map(() => '?').join(', ')})`;
  }
  params.push(JSON.stringify(values));
  return '(SELECT value FROM json_each(?))';
}

function labelSql({ key, operator, values }: Requirement, params: SqlValue[]): string {
  params.push(path('metadata', 'labels', key));
  const value = 'json_extract(json, ?)';
  switch (operator) {
    case 'exists':
      return `${value} IS NOT NULL`;
    case '!':
      return `${value} IS NULL`;
    case '=':
    case '==':
      params.push(values[0] as string);
      return `${value} = ?`;
    case 'in':
      return `${value} IN ${list(values, params)}`;
    case '!=':
    case 'notin':
      return `ifnull(${value} NOT IN ${list(values, params)}, 1)`;
    default: {
      params.push(path('metadata', 'labels', key), Number(values[0]));
      const digits = `${value} GLOB '[0-9+-]*'`;
      return `(${digits} AND CAST(json_extract(json, ?) AS INTEGER) ${operator === 'gt' ? '>' : '<'} ?)`;
    }
  }
}

const META: Record<string, string[]> = { 'metadata.name': ['metadata', 'name'], 'metadata.namespace': ['metadata', 'namespace'] };

/** Absent reads as the zero of its Go type, booleans as Go prints them. Equality of name and namespace is in the key already. */
function fieldSql(kind: Kind, { field, value, equal }: FieldTerm, params: SqlValue[]): string | undefined {
  const segments = META[field] ?? (kind.selectable?.[field] as string[]);
  const fallback = FIELD_FALLBACK[field];
  if (fallback) {
    params.push(path(...segments), path(...fallback), value);
    return `ifnull(coalesce(nullif(json_extract(json, ?), ''), json_extract(json, ?)), '') ${equal ? '=' : '<>'} ?`;
  }
  params.push(path(...segments), path(...segments), FIELD_ZERO[field] ?? '', value);
  const text = `CASE json_type(json, ?) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE ifnull(json_extract(json, ?), ?) END`;
  return `CAST((${text}) AS TEXT) ${equal ? '=' : '<>'} ?`;
}
