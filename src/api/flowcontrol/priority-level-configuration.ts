import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';

/** PriorityLevelConfiguration (registry/flowcontrol/prioritylevelconfiguration/strategy.go). */

const SHARES = 30;
const QUEUING = { handSize: 8, queues: 64, queueLengthLimit: 50 } as const;

function defaults(object: KubeObject): void {
  const { exempt, limited } = object.spec ?? {};
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= SHARES;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (queuing) for (const field of ['handSize', 'queues', 'queueLengthLimit'] as const) queuing[field] ||= QUEUING[field];
}

const queuing = (field: string) => (object: KubeObject) => object.spec?.limited?.limitResponse?.queuing?.[field] ?? '<none>';

export const rules: KindRules = {
  defaults,
  columns: columnsOf(
    'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations',
    nameCell,
    textCell('spec', 'type'),
    (object) => object.spec?.limited?.nominalConcurrencyShares ?? '<none>',
    queuing('queues'),
    queuing('handSize'),
    queuing('queueLengthLimit'),
    ageCell,
  ),
};
