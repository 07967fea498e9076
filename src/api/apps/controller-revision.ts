/** ControllerRevision (apps/v1): a snapshot that never changes. */
import { equal, type KubeObject } from '../../lib/json.ts';
import { type Errors, nonNegative } from '../machinery/spec-checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';

function validateCreate(revision: KubeObject): Errors {
  const errors: Errors = [];
  nonNegative(errors, revision.revision, 'revision');
  const { data } = revision;
  if (data === undefined || data === null) errors.push(required('data', 'data is mandatory'));
  else if (typeof data !== 'object' || Array.isArray(data)) errors.push(required('data', 'data must be a valid JSON object'));
  return errors;
}

/** Upstream asks everything about the metadata again. */
function validateUpdate(revision: KubeObject, old: KubeObject): Errors {
  const errors: Errors = validateObjectMeta(revision.metadata, true, undefined, 'metadata');
  nonNegative(errors, revision.revision, 'revision');
  if (!equal(revision.data ?? null, old.data ?? null)) errors.push(invalid('data', revision.data ?? null, FIELD_IMMUTABLE));
  return errors;
}

/** "daemonset.apps/name" */
function controller(revision: KubeObject): string {
  const owner = revision.metadata.ownerReferences?.find((reference) => reference.controller);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
}

export const ControllerRevision = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  namespaced: true,
  schema: goSchema('io.k8s.api.apps.v1.ControllerRevision'),
  versions: [
    droppedVersion('apps/v1beta2 ControllerRevision', 'apps/v1 ControllerRevision', 9, 16),
    droppedVersion('apps/v1beta1 ControllerRevision', 'apps/v1 ControllerRevision', 8, 16),
  ],
  defaults(revision) {
    revision.revision ??= 0;
  },
  validateCreate,
  validateUpdate,
  columns: columnsOf('apps/controllerrevisions', nameCell, controller, (revision) => revision.revision ?? 0, ageCell),
});
