import { jsonText } from '../api/machinery/numerals.ts';
import { ageCell, nameCell } from '../api/machinery/columns.ts';
import { type Column, type Kind, type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import { badRequest } from '../api/machinery/status-errors.ts';
import type { KubeObject } from '../lib/json.ts';
import { type Form, metadataText, objectText, partialText } from './convert.ts';

/** What a row carries besides its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request ' +
  'the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration ' +
  'definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
const CREATED_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in ' +
  'happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n' +
  'Populated by the system. Read-only. Null for lists. More info: ' +
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

/** Kinds without a printer of their own (rest.NewDefaultTableConvertor). */
const DEFAULT_COLUMNS: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, value: (object) => object.metadata.name },
  { name: 'Created At', type: 'date', description: CREATED_DESCRIPTION, value: (object) => object.metadata.creationTimestamp },
];

/** autoscaling/v1 Scale, whatever it is the scale of. */
const SCALE_COLUMNS: readonly Column[] = [
  { name: 'Name', type: 'string', description: NAME_DESCRIPTION, value: nameCell },
  {
    name: 'Desired',
    type: 'integer',
    description: 'replicas is the desired number of instances for the scaled object.',
    value: (scale) => scale.spec.replicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'replicas is the actual number of observed instances of the scaled object.',
    value: (scale) => scale.status.replicas ?? 0,
  },
  { name: 'Age', type: 'string', description: CREATED_DESCRIPTION, value: ageCell },
];

/** The columns of a kind or of a subresource that is another kind. */
export function columnsFor(kind: Kind, subresource = ''): readonly Column[] {
  if (subresource === 'scale') return SCALE_COLUMNS;
  return kind.columns ?? DEFAULT_COLUMNS;
}

/** Printers that sort what they print (pkg/printers/internalversion). */
const ORDERS: Record<Resource, (a: KubeObject, b: KubeObject) => number> = {
  'flowcontrol.apiserver.k8s.io/flowschemas': (a, b) => a.spec.matchingPrecedence - b.spec.matchingPrecedence,
};

/** The order of a Table's rows, where it is not that of the list. */
export const rowOrder = (kind: Kind) => ORDERS[resourceOf(kind)];

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
