import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { validateLabels } from '../machinery/labels.ts';
import { validateAnnotations } from '../machinery/meta.ts';
import { checkClaim } from './claim-validation.ts';
import { defaultRequests } from './requests.ts';

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
  validateCreate: ({ spec }) => [
    ...validateLabels(spec?.metadata?.labels ?? {}, 'spec.metadata.labels'),
    ...validateAnnotations(spec?.metadata?.annotations ?? {}, 'spec.metadata.annotations'),
    ...checkClaim(spec?.spec, 'spec.spec'),
  ],
  columns: columnsOf('resource.k8s.io/resourceclaimtemplates', nameCell, ageCell),
});
