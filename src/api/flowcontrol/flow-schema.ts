import type { KubeObject, Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';

/** FlowSchema (registry/flowcontrol/flowschema/strategy.go). */

const PRECEDENCE = 1000;

function dangling(object: KubeObject): string {
  return (object.status?.conditions ?? []).find((c: Obj) => c.type === 'Dangling')?.status ?? '?';
}

export const rules: KindRules = {
  defaults(object) {
    object.spec ??= {};
    object.spec.matchingPrecedence ||= PRECEDENCE;
  },
  columns: columnsOf(
    'flowcontrol.apiserver.k8s.io/flowschemas',
    nameCell,
    textCell('spec', 'priorityLevelConfiguration', 'name'),
    (object) => object.spec?.matchingPrecedence ?? 0,
    (object) => object.spec?.distinguisherMethod?.type ?? '<none>',
    ageCell,
    dangling,
  ),
};
