import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';

/** ResourceSlice (registry/resource/resourceslice/strategy.go). */
export const rules: KindRules = {
  selectable: { 'spec.nodeName': ['spec', 'nodeName'], 'spec.driver': ['spec', 'driver'] },
  columns: columnsOf(
    'resource.k8s.io/resourceslices',
    nameCell,
    textCell('spec', 'nodeName'),
    textCell('spec', 'driver'),
    textCell('spec', 'pool', 'name'),
    ageCell,
  ),
};
