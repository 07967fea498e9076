import type { KubeObject } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { validateKubeFinalizer, validateObjectMeta } from '../machinery/meta.ts';
import { isQualifiedName } from '../machinery/names.ts';
import { each, keepStatus } from '../machinery/checks.ts';

/** Namespace (registry/core/namespace/strategy.go). The subresource finalize arrives as cx.subresource "finalize". */

const KUBERNETES = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Labels the namespace with its own name, so that selectors can name it. */
function defaults(object: KubeObject): void {
  const { metadata } = object;
  if (!metadata.name || metadata.labels?.[NAME_LABEL] === metadata.name) return;
  metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

function checkFinalizers(object: KubeObject, indexed: boolean): FieldError[] {
  const errors: FieldError[] = [];
  (object.spec?.finalizers ?? []).forEach((name: string, i: number) => {
    const path = indexed ? `spec.finalizers[${i}]` : 'spec.finalizers';
    errors.push(...each(path, name, isQualifiedName(name)), ...validateKubeFinalizer(name, path));
  });
  return errors;
}

/** The phase must agree with metadata.deletionTimestamp. */
function checkPhase(object: KubeObject): FieldError[] {
  const phase = object.status?.phase ?? '';
  if (!object.metadata.deletionTimestamp) {
    if (phase === 'Active') return [];
    return [invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  }
  if (phase === 'Terminating') return [];
  return [invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
}

export const Namespace = defineKind({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  namespaced: false,
  schema: goSchema('io.k8s.api.core.v1.Namespace'),
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  status: true,
  subresources: { finalize: { verbs: ['update'], strategy: 'whole' } },
  returnsDeleted: true,
  resetFields: { finalize: { exclude: ['status'] } },
  names: 'dns-label',
  defaults,
  prepareCreate(object) {
    object.status = { phase: 'Active' };
    const finalizers: string[] = object.spec?.finalizers ?? [];
    if (!finalizers.includes(KUBERNETES)) object.spec = { ...object.spec, finalizers: [...finalizers, KUBERNETES] };
    // A generated name is known only now; upstream labels it in Canonicalize.
    defaults(object);
  },
  prepareUpdate(object, old, cx) {
    keepStatus(object, old);
    if (cx.subresource === 'finalize') return;
    object.spec = { ...object.spec, finalizers: old.spec?.finalizers };
    if (!object.spec.finalizers) delete object.spec.finalizers;
  },
  validateCreate: (object) => checkFinalizers(object, false),
  validateUpdate: (object, _old, cx) =>
    cx.subresource === 'finalize'
      ? checkFinalizers(object, true)
      : [...validateObjectMeta(object.metadata, false, 'dns-label', 'metadata'), ...checkFinalizers(object, false)],
  validateStatus: (object) => checkPhase(object),
  selectable: { 'status.phase': ['status', 'phase'] },
  columns: columnsOf('namespaces', nameCell, textCell('status', 'phase'), ageCell),
});
