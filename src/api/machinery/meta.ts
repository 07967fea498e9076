import { type Obj } from '../../lib/json.ts';
import type { NameRule } from './define-kind.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from './field-errors.ts';
import { validateLabels } from './labels.ts';
import { byteLength, checkName, isDns1123Label, isQualifiedName } from './names.ts';

/** Rules of ObjectMeta (apimachinery api/validation/objectmeta.go). */

export const FIELD_IMMUTABLE = 'field is immutable';
export const ANNOTATIONS_MAX_BYTES = 256 * 1024;
const FIELD_MANAGER_MAX = 128;
const SUBRESOURCE_MAX = 256;
const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/**
 * ValidateObjectMeta: names, labels, annotations, owners, finalizers. `path` is usually "metadata".
 * Without `plainFinalizers` (see KindRules) finalizers must be standard or fully qualified, as core's own version demands.
 */
export function validateObjectMeta(
  meta: Obj,
  namespaced: boolean,
  rule: NameRule | undefined,
  path: string,
  plainFinalizers = false,
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const m of checkName(rule, meta.generateName, true)) errors.push(invalid(`${path}.generateName`, meta.generateName, m));
  }
  if (!meta.name) errors.push(required(`${path}.name`, 'name or generateName is required'));
  else for (const m of checkName(rule, meta.name, false)) errors.push(invalid(`${path}.name`, meta.name, m));
  if (namespaced) {
    if (!meta.namespace) errors.push(required(`${path}.namespace`));
    else for (const m of isDns1123Label(meta.namespace)) errors.push(invalid(`${path}.namespace`, meta.namespace, m));
  } else if (meta.namespace) errors.push(forbidden(`${path}.namespace`, 'not allowed on this type'));
  if ((meta.generation ?? 0) < 0)
    errors.push(invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'));
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${path}.labels`));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`));
  if (meta.finalizers) errors.push(...validateFinalizers(meta.finalizers, `${path}.finalizers`));
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, `${path}.managedFields`));
  if (meta.finalizers && !plainFinalizers) errors.push(...validateKubeFinalizers(meta.finalizers, `${path}.finalizers`));
  return errors;
}

/** ValidateObjectMetaUpdate. */
export function validateObjectMetaUpdate(meta: Obj, old: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp) {
    const extra = (meta.finalizers ?? []).filter((f: string) => !(old.finalizers ?? []).includes(f));
    if (extra.length) {
      const list = [...new Set<string>(extra)].sort().map((f) => JSON.stringify(f));
      const found = `found new finalizers []string{${list.join(', ')}}`;
      errors.push(forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, ${found}`));
    }
  }
  if (!meta.resourceVersion) errors.push(invalid(`${path}.resourceVersion`, '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'));
  }
  for (const field of ['name', 'namespace', 'uid'] as const) {
    if ((meta[field] ?? '') !== (old[field] ?? '')) errors.push(invalid(`${path}.${field}`, meta[field] ?? '', FIELD_IMMUTABLE));
  }
  for (const field of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if ((meta[field] ?? null) !== (old[field] ?? null))
      errors.push(invalid(`${path}.${field}`, meta[field] ?? null, FIELD_IMMUTABLE));
  }
  if (meta.labels) errors.push(...validateLabels(meta.labels, `${path}.labels`));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, `${path}.annotations`));
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences, `${path}.ownerReferences`));
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields, `${path}.managedFields`));
  return errors;
}

/** ValidateAnnotations: keys are qualified names whatever their case, and all together have a bound. */
export function validateAnnotations(annotations: Record<string, string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key in annotations) {
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message));
    size += byteLength(key) + byteLength(annotations[key] as string);
  }
  if (size > ANNOTATIONS_MAX_BYTES) errors.push(tooLong(path, '', ANNOTATIONS_MAX_BYTES));
  return errors;
}

function validateOwnerReferences(references: Obj[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  for (const ref of references) {
    const apiVersion: string = ref.apiVersion ?? '';
    // More than one slash parses to no version at all (schema.FromAPIVersionAndKind).
    const parts = apiVersion.split('/');
    const version = parts.length > 2 ? '' : (parts.at(-1) ?? '');
    if (!version) errors.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'));
    if (!ref.kind) errors.push(invalid(`${path}.kind`, '', 'must not be empty'));
    if (!ref.name) errors.push(invalid(`${path}.name`, '', 'must not be empty'));
    if (!ref.uid) errors.push(invalid(`${path}.uid`, '', 'must not be empty'));
    if (apiVersion === 'v1' && ref.kind === 'Event') {
      errors.push(invalid(path, ordered(ref), '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (!ref.controller) continue;
    const current = `${ref.kind}/${ref.name}`;
    if (!controller) controller = current;
    else {
      const found = `Found "true" in references for ${controller} and ${current}`;
      errors.push(invalid(path, references.map(ordered), `Only one reference can have Controller set to true. ${found}`));
    }
  }
  return errors;
}

/** An owner reference with its fields in the order of the Go type, for printing. */
function ordered(ref: Obj): Obj {
  const out: Obj = { apiVersion: ref.apiVersion ?? '', kind: ref.kind ?? '', name: ref.name ?? '', uid: ref.uid ?? '' };
  if (ref.controller !== undefined) out.controller = ref.controller;
  if (ref.blockOwnerDeletion !== undefined) out.blockOwnerDeletion = ref.blockOwnerDeletion;
  return out;
}

/** ValidateFinalizers of ObjectMeta (upstream's core kinds have stricter ones of their own). */
export function validateFinalizers(finalizers: string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    for (const message of isQualifiedName(finalizer)) errors.push(invalid(path, finalizer, message));
  }
  if (finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND)) {
    errors.push(invalid(path, finalizers, `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`));
  }
  return errors;
}

const STANDARD_FINALIZERS = new Set(['kubernetes', ORPHAN, FOREGROUND]);

/** The check that core's ValidateObjectMeta adds for the kinds of Kubernetes itself: finalizers are standard or fully qualified. */
export function validateKubeFinalizers(finalizers: string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  finalizers?.forEach((finalizer, i) => errors.push(...validateKubeFinalizer(finalizer, `${path}[${i}]`)));
  return errors;
}

/** One finalizer's name (validateKubeFinalizerName). */
export function validateKubeFinalizer(finalizer: string, path: string): FieldError[] {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return [];
  return [invalid(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')];
}

/** ValidateManagedFields. */
export function validateManagedFields(entries: Obj[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Obj;
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(invalid(`${path}[${i}].operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1') {
      errors.push(invalid(`${path}[${i}].fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    }
    if (entry.manager) errors.push(...validateFieldManager(entry.manager, `${path}[${i}].manager`));
    if (entry.subresource && byteLength(entry.subresource) > SUBRESOURCE_MAX) {
      errors.push(tooLong(`${path}[${i}].subresource`, '', SUBRESOURCE_MAX));
    }
  }
  return errors;
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** ValidateFieldManager: not too long, only printable characters. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (byteLength(manager) > FIELD_MANAGER_MAX) errors.push(tooLong(path, '', FIELD_MANAGER_MAX));
  if (PRINTABLE.test(manager)) return errors;
  let at = 0;
  for (const rune of manager) {
    // Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space.
    if (rune !== ' ' && !/^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(rune)) {
      const code = (rune.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalid(path, manager, `invalid character U+${code} (at position ${at})`));
    }
    at += byteLength(rune);
  }
  return errors;
}
