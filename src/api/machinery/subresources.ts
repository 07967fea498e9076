import { scaleSchema } from '../autoscaling/scale.ts';
import { goSchema } from '../schema/go.ts';
import type { KubeObject } from '../../lib/json.ts';
import { ageCell, CREATED_DESCRIPTION, NAME_DESCRIPTION, nameCell } from './columns.ts';
import { type Column, type Kind, READ_WRITE, type Subresource, type Taken } from './define-kind.ts';

/** The type of a body sent to a subresource: a kind that is never stored. `home` is the package of its type. */
export const taken = (group: string, version: string, kind: string, home: string): Taken => ({
  group,
  version,
  kind,
  schema: goSchema(`io.k8s.api.${home}.${version}.${kind}`),
});

/** The parameters of a connection: its query, which is never decoded as an object. */
export const parameters = (kind: string): Taken => ({ group: '', version: 'v1', kind });

const STATUS: Subresource = { verbs: READ_WRITE, strategy: 'status' };

const SCALE_COLUMNS: readonly Column[] = [
  { name: 'Name', type: 'string', description: NAME_DESCRIPTION, value: nameCell },
  {
    name: 'Desired',
    type: 'integer',
    description: 'replicas is the desired number of instances for the scaled object.',
    value: (scale: KubeObject) => scale.spec.replicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'replicas is the actual number of observed instances of the scaled object.',
    value: (scale: KubeObject) => scale.status.replicas ?? 0,
  },
  { name: 'Age', type: 'string', description: CREATED_DESCRIPTION, value: ageCell },
];
const SCALE: Subresource = {
  verbs: READ_WRITE,
  strategy: 'scale',
  takes: { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: scaleSchema },
  columns: SCALE_COLUMNS,
};

/** The subresources of a kind by name: its own, and those that its status and its scale mean. */
export const subresourcesOf = (kind: Kind): Record<string, Subresource> => ({
  ...kind.subresources,
  ...(kind.status && { status: STATUS }),
  ...(kind.scale && { scale: SCALE }),
});

/** One of them. */
export function subresourceOf(kind: Kind, name: string): Subresource | undefined {
  if (name === 'status' && kind.status) return STATUS;
  if (name === 'scale' && kind.scale) return SCALE;
  return kind.subresources && Object.hasOwn(kind.subresources, name) ? kind.subresources[name] : undefined;
}
