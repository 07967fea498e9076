import { equal, type KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { invalid } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { checkClaim } from './claim-validation.ts';
import { defaultRequests } from './requests.ts';

/** ResourceClaim (registry/resource/resourceclaim/strategy.go). */

function state(object: KubeObject): string {
  const gone = object.metadata.deletionTimestamp !== undefined;
  const { allocation, reservedFor } = object.status ?? {};
  const states = gone ? ['deleted'] : [];
  if (allocation) states.push('allocated', ...(reservedFor?.length ? ['reserved'] : []));
  else if (!gone) states.push('pending');
  return states.join(',');
}

export const ResourceClaim = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  namespaced: true,
  schema: goSchema('io.k8s.api.resource.v1.ResourceClaim'),
  status: true,
  returnsDeleted: true,
  statusResetsMetadata: true,
  defaults: (object) => defaultRequests(object.spec),
  validateCreate: (object) => checkClaim(object.spec, 'spec'),
  validateUpdate: (object, old) =>
    equal(object.spec ?? null, old.spec ?? null) ? [] : [invalid('spec', object.spec ?? null, FIELD_IMMUTABLE)],
  columns: columnsOf('resource.k8s.io/resourceclaims', nameCell, state, ageCell),
});
