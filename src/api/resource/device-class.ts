import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';

/** DeviceClass (registry/resource/deviceclass/strategy.go). */
export const rules: KindRules = {
  columns: columnsOf('resource.k8s.io/deviceclasses', nameCell, ageCell),
};
