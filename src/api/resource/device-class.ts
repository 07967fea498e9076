import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import type { FieldError } from '../machinery/field-errors.ts';
import { checkConfigs, checkSelectors } from './claim-validation.ts';

/** DeviceClass (registry/resource/deviceclass/strategy.go). */
const validate = ({ spec }: KubeObject): FieldError[] => [
  ...checkSelectors(spec?.selectors, 'spec.selectors'),
  ...checkConfigs(spec?.config, 'spec.config'),
];

export const rules: KindRules = {
  validateCreate: validate,
  validateUpdate: validate,
  columns: columnsOf('resource.k8s.io/deviceclasses', nameCell, ageCell),
};
