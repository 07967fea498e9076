import { FIELD_MANAGER_BYTES } from './limits.ts';
import type { FieldValidation } from '../api/machinery/decode.ts';
import { byteLength } from '../api/machinery/names.ts';
import { type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../api/machinery/field-errors.ts';
import { invalidError } from '../api/machinery/status-errors.ts';
import type { PatchType, WriteOptions } from '../registry/options.ts';
import type { Call, Target } from './call.ts';
import { isTrue } from './request-info.ts';

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;
const META_GROUP = 'meta.k8s.io';

/** Options that create, update and patch share (metav1.CreateOptions and its siblings), checked as upstream checks them. */
export function writeOptions(call: Call, target: Target, verb: 'Create' | 'Update' | 'Patch', patch?: PatchType): WriteOptions {
  const { query, info, user, request } = call;
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  const dryRun = query.getAll('dryRun');
  const errors: FieldError[] = [];
  if (patch) patchErrors(errors, query, patch, manager);
  if (manager) managerErrors(errors, manager);
  if (dryRun.length) dryRunErrors(errors, dryRun);
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (errors.length) throw invalidError(META_GROUP, `${verb}Options`, '', errors);
  return {
    namespace: target.kind.namespaced ? info.namespace : '',
    ...(info.name && { name: info.name }),
    user,
    now: call.now,
    ...(dryRun.length && { dryRun: true }),
    ...(manager && { fieldManager: manager }),
    fieldValidation: (validation || 'Warn') as FieldValidation,
    userAgent: request.header('user-agent') ?? '',
    ...(target.subresource && { subresource: target.subresource }),
    ...(target.served && { served: target.served }),
    ...(patch === 'apply' && isTrue(query.get('force')) && { force: true }),
    warnRefused: (texts) => void call.warnings.push(...texts),
    ...(call.audit && { annotate: (key: string, value: string) => call.audit?.annotate(key, value) }),
  };
}

function patchErrors(errors: FieldError[], query: URLSearchParams, patch: PatchType, manager: string): void {
  if (patch === 'apply') {
    if (!manager) errors.push(required('fieldManager', 'is required for apply patch'));
  } else if (query.get('force') !== null) errors.push(forbidden('force', 'may not be specified for non-apply patch'));
}

function managerErrors(errors: FieldError[], manager: string): void {
  if (byteLength(manager) > FIELD_MANAGER_BYTES) errors.push(tooLong('fieldManager', '', FIELD_MANAGER_BYTES));
  if (PRINTABLE.test(manager)) return;
  let at = 0;
  for (const c of manager) {
    const code = (c.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    if (!PRINTABLE.test(c)) errors.push(invalid('fieldManager', manager, `invalid character U+${code} (at position ${at})`));
    at += byteLength(c);
  }
}

export function dryRunErrors(errors: FieldError[], dryRun: readonly string[]): void {
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
}
