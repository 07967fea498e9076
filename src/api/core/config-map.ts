import { equal, type KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, forbidden, invalid, tooLong } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { byteLength, isConfigMapKey } from '../machinery/names.ts';
import { each, MAX_SECRET_BYTES } from '../machinery/checks.ts';

/** ConfigMap (registry/core/configmap/strategy.go, ValidateConfigMap). */

/** Size of what base64 text stands for. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

const count = (map: object | undefined) => (map ? Object.keys(map).length : 0);

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in object.data) {
    const messages = isConfigMapKey(key);
    if (messages.length) errors.push(...each(`data[${key}]`, key, messages));
    if (object.binaryData && Object.hasOwn(object.binaryData, key)) {
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    size += byteLength(object.data[key]);
  }
  for (const key in object.binaryData) {
    const messages = isConfigMapKey(key);
    if (messages.length) errors.push(...each(`binaryData[${key}]`, key, messages));
    size += decodedLength(object.binaryData[key]);
  }
  // Upstream names no field here: field.NewPath("").
  if (size > MAX_SECRET_BYTES) errors.push(tooLong('[]', '', MAX_SECRET_BYTES));
  return errors;
}

/** Checks that an immutable object does not change. Shared with Secret. */
export function checkImmutable(object: KubeObject, old: KubeObject, fields: string[]): FieldError[] {
  if (!old.immutable) return [];
  const message = 'field is immutable when `immutable` is set';
  const errors: FieldError[] = [];
  if (!object.immutable) errors.push(forbidden('immutable', message));
  for (const field of fields) if (!equal(object[field] ?? {}, old[field] ?? {})) errors.push(forbidden(field, message));
  return errors;
}

export const ConfigMap = defineKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.ConfigMap'),
  shortNames: ['cm'],
  validateCreate: validate,
  validateUpdate: (object, old) => [
    ...checkImmutable(object, old, ['data', 'binaryData']),
    ...validateObjectMeta(object.metadata, true, undefined, 'metadata'),
    ...validate(object),
  ],
  columns: columnsOf('configmaps', nameCell, (object) => count(object.data) + count(object.binaryData), ageCell),
});
