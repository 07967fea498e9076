/** The spec of a PersistentVolumeClaim, in claims and in templates (core/validation ValidatePersistentVolumeClaimSpec). */
import type { Obj } from '../../../lib/json.ts';
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { validateLabelSelector, validateLabels } from '../../machinery/labels.ts';
import { validateAnnotations } from '../../machinery/meta.ts';
import { cmp, formatQuantity, quantity, ZERO } from '../../machinery/quantity.ts';
import { dnsLabel, dnsSubdomain, type Errors, isEmpty, unsupported } from '../../machinery/spec-checks.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];
/** Fields of metadata that a template may not set, in Go's order, as upstream spells them in the error. */
const NOT_IN_TEMPLATE: [string, string][] = [
  ['name', 'name'],
  ['generateName', 'generateName'],
  ['namespace', 'namespace'],
  ['selfLink', 'selfLink'],
  ['uid', 'uID'],
  ['resourceVersion', 'resourceVersion'],
  ['generation', 'generation'],
  ['creationTimestamp', 'creationTimestamp'],
  ['deletionTimestamp', 'deletionTimestamp'],
  ['deletionGracePeriodSeconds', 'deletionGracePeriodSeconds'],
  ['ownerReferences', 'ownerReferences'],
  ['finalizers', 'finalizers'],
  ['managedFields', 'managedFields'],
];

/** The template of an ephemeral volume. */
export function validateClaimTemplate(template: Obj, path: string, errors: Errors): void {
  const meta = template.metadata ?? {};
  errors.push(...validateAnnotations(meta.annotations ?? {}, `${path}.metadata.annotations`));
  errors.push(...validateLabels(meta.labels, `${path}.metadata.labels`));
  for (const [name, shown] of NOT_IN_TEMPLATE) {
    if (!isEmpty(meta[name])) errors.push(forbidden(`${path}.metadata.${shown}`, 'cannot be set'));
  }
  validateClaimSpec(template.spec ?? {}, `${path}.spec`, errors);
}

/** spec of a claim. */
export function validateClaimSpec(spec: Obj, path: string, errors: Errors): void {
  accessModes(spec.accessModes ?? [], spec, path, errors);
  storage(spec.resources?.requests?.storage, `${path}.resources[storage]`, errors);
  if (spec.storageClassName) dnsSubdomain(errors, spec.storageClassName, `${path}.storageClassName`);
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    errors.push(unsupported(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) reference(dataSource, `${path}.dataSource`, errors);
  if (dataSourceRef) {
    reference(dataSourceRef, `${path}.dataSourceRef`, errors);
    if (dataSourceRef.namespace) dnsLabel(errors, dataSourceRef.namespace, `${path}.dataSourceRef.namespace`);
  }
  if (dataSource && dataSourceRef?.namespace) {
    errors.push(invalidPath(path, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (dataSource && dataSourceRef && !sameSource(dataSource, dataSourceRef)) {
    errors.push(invalidPath(path, 'must match dataSourceRef'));
  }
  if (spec.volumeAttributesClassName) dnsSubdomain(errors, spec.volumeAttributesClassName, `${path}.volumeAttributesClassName`);
}

/** Upstream gives the path object of dataSource as the bad value, which prints as an empty struct. */
const invalidPath = (path: string, detail: string): FieldError => invalid(path, {}, detail);

const sameSource = (a: Obj, b: Obj): boolean =>
  a.apiGroup === b.apiGroup && (a.kind ?? '') === (b.kind ?? '') && (a.name ?? '') === (b.name ?? '');

function accessModes(modes: string[], spec: Obj, path: string, errors: Errors): void {
  if (!modes.length) errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  if (spec.selector) errors.push(...validateLabelSelector(spec.selector, {}, `${path}.selector`));
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) errors.push(unsupported(`${path}.accessModes`, mode, ACCESS_MODES));
  }
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.push(forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'));
  }
}

function storage(text: string | undefined, path: string, errors: Errors): void {
  if (text === undefined) {
    errors.push(required(path));
    return;
  }
  const q = quantity(text);
  if (cmp(q, ZERO) <= 0) errors.push(invalid(path, formatQuantity(q), 'must be greater than zero'));
}

function reference(source: Obj, path: string, errors: Errors): void {
  if (!source.name) errors.push(required(`${path}.name`));
  if (!source.kind) errors.push(required(`${path}.kind`));
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    const detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalid(path, source.kind ?? '', detail));
  }
  if (source.apiGroup) dnsSubdomain(errors, source.apiGroup, `${path}.apiGroup`);
}
