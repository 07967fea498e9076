import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { invalid } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { checkSlice } from './slice-validation.ts';

/** ResourceSlice (registry/resource/resourceslice/strategy.go). */
export const ResourceSlice = defineKind({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  namespaced: false,
  schema: goSchema('io.k8s.api.resource.v1.ResourceSlice'),
  returnsDeleted: true,
  countsGenerations: true,
  validateCreate: checkSlice,
  validateUpdate: (object, old) => [
    ...checkSlice(object),
    ...[['pool', 'name'], ['driver'], ['nodeName']].flatMap((path) => {
      const [before, after] = [old, object].map(({ spec }) => path.reduce((value, name) => value?.[name], spec) ?? null);
      return before === after ? [] : [invalid(`spec.${path.join('.')}`, after, FIELD_IMMUTABLE)];
    }),
  ],
  selectable: { 'spec.nodeName': ['spec', 'nodeName'], 'spec.driver': ['spec', 'driver'] },
  columns: columnsOf(
    'resource.k8s.io/resourceslices',
    nameCell,
    textCell('spec', 'nodeName'),
    textCell('spec', 'driver'),
    textCell('spec', 'pool', 'name'),
    ageCell,
  ),
});
