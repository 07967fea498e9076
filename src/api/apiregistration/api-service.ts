import type { KubeObject, Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';

/** APIService (kube-aggregator pkg/registry/apiservice). */

function available(object: KubeObject): string {
  const condition = (object.status?.conditions ?? []).find((c: Obj) => c.type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status !== 'True' && condition.reason ? `${condition.status} (${condition.reason})` : condition.status;
}

export const rules: KindRules = {
  plainFinalizers: true,
  needsResourceVersion: true,
  defaults(object) {
    if (object.spec?.service) object.spec.service.port ??= 443;
  },
  columns: columnsOf(
    'apiregistration.k8s.io/apiservices',
    nameCell,
    (object) => (object.spec?.service ? `${object.spec.service.namespace}/${object.spec.service.name}` : 'Local'),
    available,
    ageCell,
  ),
};
