import { jsonText } from '../machinery/numerals.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkLabel, checkResourceQuantity } from '../machinery/checks.ts';
import { validateTolerations } from '../core/pod/spec-tolerations.ts';
import { checkContainerResourceName } from '../core/resource-names.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { validateLabels } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';

/** RuntimeClass (registry/node/runtimeclass/strategy.go, node/validation). */

function checkScheduling(scheduling: Obj): FieldError[] {
  const errors = validateLabels(scheduling.nodeSelector, 'scheduling.nodeSelector');
  const seen: string[] = [];
  (scheduling.tolerations ?? []).forEach((toleration: Obj, i: number) => {
    const { key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds = null } = toleration;
    const text = jsonText([key, operator, value, effect, tolerationSeconds]);
    const shown = {
      Key: key,
      Operator: toleration.operator ?? '',
      Value: value,
      Effect: effect,
      TolerationSeconds: tolerationSeconds,
    };
    if (seen.includes(text)) errors.push(duplicate(`scheduling.tolerations[${i}]`, shown));
    seen.push(text);
  });
  validateTolerations(scheduling.tolerations ?? [], 'scheduling.tolerations', errors, {});
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const errors = object.handler ? checkLabel(object.handler, 'handler') : [required('handler')];
  const fixed: Record<string, string> = object.overhead?.podFixed ?? {};
  for (const name in fixed) {
    const path = `overhead.limits[${name}]`;
    errors.push(...checkContainerResourceName(name, path), ...checkResourceQuantity(name, fixed[name] as string, path));
  }
  return object.scheduling ? [...errors, ...checkScheduling(object.scheduling)] : errors;
}

export const RuntimeClass = defineKind({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  namespaced: false,
  schema: goSchema('io.k8s.api.node.v1.RuntimeClass'),
  createOnUpdate: true,
  plainFinalizers: true,
  needsResourceVersion: true,
  validateCreate: validate,
  validateUpdate(object, old) {
    const errors = [...validateObjectMeta(object.metadata, false, undefined, 'metadata', true), ...validate(object)];
    const handler = object.handler ?? '';
    if (handler !== (old.handler ?? '')) errors.push(invalid('handler', handler, FIELD_IMMUTABLE));
    return errors;
  },
  columns: columnsOf('node.k8s.io/runtimeclasses', nameCell, textCell('handler'), ageCell),
});
