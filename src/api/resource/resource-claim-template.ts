import { equal, type KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateLabels } from '../machinery/labels.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateAnnotations } from '../machinery/meta.ts';
import { checkClaim } from './claim-validation.ts';
import { defaultRequests } from './requests.ts';

const validate = ({ spec }: KubeObject): FieldError[] => [
  ...validateLabels(spec?.metadata?.labels ?? {}, 'spec.metadata.labels'),
  ...validateAnnotations(spec?.metadata?.annotations ?? {}, 'spec.metadata.annotations'),
  ...checkClaim(spec?.spec, 'spec.spec'),
];

/** ResourceClaimTemplate (registry/resource/resourceclaimtemplate/strategy.go). */
export const ResourceClaimTemplate = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  namespaced: true,
  schema: goSchema('io.k8s.api.resource.v1.ResourceClaimTemplate'),
  returnsDeleted: true,
  defaults: (object) => defaultRequests(object.spec?.spec),
  validateCreate: validate,
  validateUpdate: (object, old) => [
    ...validate(object),
    ...(equal(object.spec ?? null, old.spec ?? null) ? [] : [invalid('spec', object.spec ?? null, FIELD_IMMUTABLE)]),
  ],
  columns: columnsOf('resource.k8s.io/resourceclaimtemplates', nameCell, ageCell),
});
