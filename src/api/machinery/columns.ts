import type { KubeObject } from '../../lib/json.ts';
import type { Column, Resource } from './define-kind.ts';
import { age } from './time.ts';
import table from './columns.generated.json' with { type: 'json' };

/** Printer columns: names, types and descriptions of a 1.36 server's Tables, joined with the functions that print the cells. */

type Cell = Column['value'];
type Definition = Omit<Column, 'value'>;

const definitions = table as unknown as Record<Resource, Definition[]>;

/** The columns of a resource, one cell function each, in upstream's order. Throws when the numbers differ. */
export function columnsOf(resource: Resource, ...cells: Cell[]): Column[] {
  const found = definitions[resource];
  if (!found || found.length !== cells.length)
    throw new Error(`columns of ${resource}: ${found?.length} defined, ${cells.length} given`);
  return found.map((definition, i) => ({ ...definition, value: cells[i] as Cell }));
}

/** How upstream describes metadata.name and metadata.creationTimestamp. */
export const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request ' +
  'the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration ' +
  'definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
export const CREATED_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in ' +
  'happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n' +
  'Populated by the system. Read-only. Null for lists. More info: ' +
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

/** metadata.name */
export const nameCell: Cell = (object) => object.metadata.name ?? '';
/** Time since creation, as kubectl prints it. */
export const ageCell: Cell = (object, now) => age(object.metadata.creationTimestamp, now);
/** The text at a path, "" when absent. */
export const textCell =
  (...path: string[]): Cell =>
  (object) =>
    String(at(object, path) ?? '');
/** The text at a path, or a stand-in. */
export const textOr =
  (absent: string, ...path: string[]): Cell =>
  (object) =>
    String(at(object, path) || absent);

function at(object: KubeObject, path: string[]): unknown {
  let value: any = object;
  for (const key of path) {
    if (value === null || value === undefined) return undefined;
    value = value[key];
  }
  return value;
}

/** labels.FormatLabels: "a=1,b=2", "<none>" when there are none. */
export function formatLabels(labels: Record<string, string> | undefined): string {
  const text = Object.keys(labels ?? {})
    .sort()
    .map((key) => `${key}=${labels?.[key]}`)
    .join(',');
  return text || '<none>';
}
