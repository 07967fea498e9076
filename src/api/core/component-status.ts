import type { KubeObject, Obj } from '../../lib/json.ts';
import { columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';

/** Names of the components: there is one process, so all are healthy whenever a request is answered (pkg/registry/core/componentstatus). */
const PARTS = ['controller-manager', 'scheduler', 'etcd-0'];

export const componentStatuses = (): KubeObject[] =>
  PARTS.map(
    (name) =>
      ({
        kind: 'ComponentStatus',
        apiVersion: 'v1',
        metadata: { name },
        conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
      }) as unknown as KubeObject,
  );

const healthOf = (part: KubeObject): Obj | undefined => part.conditions?.find((c: Obj) => c.type === 'Healthy');

export const ComponentStatus = defineKind({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  resource: 'componentstatuses',
  namespaced: false,
  schema: goSchema('io.k8s.api.core.v1.ComponentStatus'),
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  computed: componentStatuses,
  deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  columns: columnsOf(
    'componentstatuses',
    nameCell,
    (part) => (healthOf(part)?.status === 'True' ? 'Healthy' : 'Unhealthy'),
    (part) => healthOf(part)?.message ?? '',
    (part) => healthOf(part)?.error ?? '',
  ),
});
