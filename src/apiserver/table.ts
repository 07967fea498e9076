import { CREATED_DESCRIPTION, NAME_DESCRIPTION } from '../api/machinery/columns.ts';
import { jsonText } from '../api/machinery/numerals.ts';
import type { Column, Kind } from '../api/machinery/define-kind.ts';
import { badRequest } from '../api/machinery/status-errors.ts';
import { subresourceOf } from '../api/machinery/subresources.ts';
import type { KubeObject } from '../lib/json.ts';
import { type Form, metadataText, objectText, partialText } from './convert.ts';

/** The object in a row, besides its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Kinds without a printer of their own (rest.NewDefaultTableConvertor). */
const DEFAULT_COLUMNS: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, value: (object) => object.metadata.name },
  { name: 'Created At', type: 'date', description: CREATED_DESCRIPTION, value: (object) => object.metadata.creationTimestamp },
];

/** The columns of a kind or of a subresource that is another kind. */
export function columnsFor(kind: Kind, subresource = ''): readonly Column[] {
  return subresourceOf(kind, subresource)?.columns ?? kind.columns ?? DEFAULT_COLUMNS;
}

const definitions = new WeakMap<readonly Column[], string>();

/** `columnDefinitions`, which never change. */
export function definitionsText(columns: readonly Column[]): string {
  let text = definitions.get(columns);
  if (text === undefined) {
    const list = columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format: format ?? '',
      description,
      priority: priority ?? 0,
    }));
    text = JSON.stringify(list);
    definitions.set(columns, text);
  }
  return text;
}

/** ?includeObject=; the default is Metadata. */
export function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** One row: the cells of an object, and the text that stands for the object itself. */
export function rowOf(columns: readonly Column[], object: KubeObject, now: number, text: string): string {
  return `{"cells":${jsonText(columns.map((column) => column.value(object, now)))},"object":${text}}`;
}

/** The row of a stored object. */
export function rowText(
  form: Form,
  json: string,
  object: KubeObject,
  include: IncludeObject,
  apiVersion: string,
  now: number,
): string {
  return rowOf(columnsFor(form.kind), object, now, rowObject(form, json, include, apiVersion));
}

function rowObject(form: Form, json: string, include: IncludeObject, apiVersion: string): string {
  if (include === 'None') return 'null';
  if (include === 'Object') return objectText(form, json);
  return partialText(apiVersion, metadataText(form.kind, json));
}

/** A whole Table around its rows. `meta` is the inside of its metadata, `headers` null on all but the first event of a watch. */
export const tableText = (apiVersion: string, meta: string, headers: string | null, rows: readonly string[]): string =>
  `{"kind":"Table","apiVersion":${JSON.stringify(apiVersion)},"metadata":{${meta}},"columnDefinitions":${headers},"rows":[${rows.join(',')}]}`;
