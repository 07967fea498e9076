import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import type { FieldError } from '../machinery/field-errors.ts';
import { checkConfigs, checkSelectors } from './claim-validation.ts';

/** DeviceClass (registry/resource/deviceclass/strategy.go). */
const validate = ({ spec }: KubeObject): FieldError[] => [
  ...checkSelectors(spec?.selectors, 'spec.selectors'),
  ...checkConfigs(spec?.config, 'spec.config'),
];

export const DeviceClass = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.resource.v1.DeviceClass'),
  returnsDeleted: true,
  countsGenerations: true,
  validateCreate: validate,
  validateUpdate: validate,
  columns: columnsOf('resource.k8s.io/deviceclasses', nameCell, ageCell),
});
