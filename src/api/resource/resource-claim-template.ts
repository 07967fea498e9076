import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { defaultRequests } from './requests.ts';

/** ResourceClaimTemplate (registry/resource/resourceclaimtemplate/strategy.go). */
export const rules: KindRules = {
  defaults: (object) => defaultRequests(object.spec?.spec),
  columns: columnsOf('resource.k8s.io/resourceclaimtemplates', nameCell, ageCell),
};
