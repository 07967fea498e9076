import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { invalid } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { checkSlice } from './slice-validation.ts';

/** ResourceSlice (registry/resource/resourceslice/strategy.go). */
export const rules: KindRules = {
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
};
