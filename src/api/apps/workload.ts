/** Rules shared by the kinds of apps: replicas, selectors against templates, percentages, strategy of spec and status. */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { dropDisabledTemplate, templateWarnings, validateTemplate } from '../core/pod/template.ts';
import { formatSelector, readSelector, shownSelector } from '../core/pod/template-selector.ts';
import {
  type Errors,
  invalids,
  isEmpty,
  nonNegative,
  type PodOptions,
  sortedMap,
  unsupported,
} from '../machinery/spec-checks.ts';
import { sentEmpty } from '../machinery/decode-fast.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { forbidden, invalid, required } from '../machinery/field-errors.ts';
import { type IntOrString, percentOf } from '../machinery/intstr.ts';
import { matches, validateLabelSelector } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';
import { isValidPercent } from '../machinery/names.ts';

export const NO_MATCH = '`selector` does not match template `labels`';

/** spec.selector: there, well formed, not empty. `kind` as upstream names it in the error. */
export function validateSelector(selector: Obj | undefined, kind: string, errors: Errors): void {
  const path = 'spec.selector';
  if (!selector) {
    errors.push(required(path));
    return;
  }
  errors.push(...validateLabelSelector(selector, {}, path));
  if (isEmpty(selector.matchLabels) && isEmpty(selector.matchExpressions)) {
    errors.push(invalid(path, shownSelector(selector), `empty selector is invalid for ${kind}`));
  }
}

/** spec.template of kinds whose pods run for ever. `owner` as upstream names it in the error. */
export function validateRunningTemplate(spec: Obj, owner: string, errors: Errors, options: PodOptions): void {
  const template: Obj = spec.template ?? {};
  const requirements = readSelector(spec.selector);
  if (!requirements) {
    errors.push(invalid('spec.selector', shownSelector(spec.selector), 'invalid label selector'));
    return;
  }
  const labels = template.metadata?.labels;
  if (requirements.length && !matches(requirements, labels ?? {})) {
    errors.push(invalid('spec.template.metadata.labels', sortedMap(labels ?? sentEmpty(template.metadata, 'labels')), NO_MATCH));
  }
  validateTemplate(template, 'spec.template', errors, options);
  onlyRestartAlways(template, owner, errors);
}

/** The pods of these kinds restart and have no deadline. */
export function onlyRestartAlways(template: Obj, owner: string, errors: Errors): void {
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(unsupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const path = 'spec.template.spec.activeDeadlineSeconds';
    errors.push(forbidden(path, `activeDeadlineSeconds in ${owner} is not Supported`));
  }
}

/** spec.selector may not change. */
export function immutableSelector(object: KubeObject, old: KubeObject, errors: Errors): void {
  if (equal(object.spec.selector ?? null, old.spec.selector ?? null)) return;
  errors.push(invalid('spec.selector', shownSelector(object.spec.selector), FIELD_IMMUTABLE));
}

/** A count or a percentage, not negative. */
export function intOrPercent(value: IntOrString, path: string, errors: Errors): void {
  if (typeof value === 'string') invalids(errors, path, value, isValidPercent(value));
  else nonNegative(errors, value, path);
}

/** The number in it; of other strings, what Go's Atoi makes of them. */
export function numberOf(value: IntOrString): number {
  if (typeof value === 'number') return value;
  return percentOf(value) ?? (/^[+-]?[0-9]+$/.test(value) ? Number(value) : 0);
}

export function notAbove100(value: IntOrString, path: string, errors: Errors): void {
  if (typeof value === 'string' && (percentOf(value) ?? 0) > 100) {
    errors.push(invalid(path, value, 'must not be greater than 100%'));
  }
}

/** Checks that no counter is negative. */
export function counters(status: Obj, fields: string[], errors: Errors): void {
  for (const field of fields) nonNegative(errors, status[field], `status.${field}`);
}

/** No counter exceeds the replicas; available ones are ready ones. */
export function withinReplicas(status: Obj, fields: string[], readyPath: string, errors: Errors): void {
  const count = (field: string): number => status[field] ?? 0;
  for (const field of fields) {
    if (count(field) > count('replicas')) {
      errors.push(invalid(`status.${field}`, count(field), 'cannot be greater than status.replicas'));
    }
  }
  if (count('availableReplicas') > count('readyReplicas')) {
    const detail = `cannot be greater than ${readyPath}`;
    errors.push(invalid('status.availableReplicas', count('availableReplicas'), detail));
  }
}

/** status.collisionCount only grows. */
export function collisions(object: KubeObject, old: KubeObject, errors: Errors): void {
  const now = object.status?.collisionCount;
  const before = old.status?.collisionCount;
  if (before === undefined || (now !== undefined && now >= before)) return;
  errors.push(invalid('status.collisionCount', now ?? 0, 'cannot be decremented'));
}

/** Puts the stored status back, and counts a change of the spec. Mutates. */
export function keepStatus(object: KubeObject, old: KubeObject): void {
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
}

export function bumpOnSpec(object: KubeObject, old: KubeObject): void {
  if (!equal(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** The strategy that most kinds with spec.template have; `status` is what a new object starts with. */
export const templateStrategy = (
  status: Obj = {},
): Pick<KindRules, 'prepareCreate' | 'prepareUpdate' | 'prepareStatus' | 'warnings'> => ({
  prepareCreate(object) {
    object.status = { ...status };
    object.metadata.generation = 1;
    dropDisabledTemplate(object.spec.template);
  },
  prepareUpdate(object, old) {
    keepStatus(object, old);
    dropDisabledTemplate(object.spec.template, old.spec.template);
    bumpOnSpec(object, old);
  },
  prepareStatus(object, old) {
    object.spec = old.spec;
  },
  warnings: (object, old) => templateWarnings(object, old, ['spec', 'template']),
});

/** spec.selector of a LabelSelector, for -o wide. */
export const selectorCell = (object: KubeObject): string => formatSelector(object.spec?.selector);
export const numberCell =
  (part: 'spec' | 'status', field: string) =>
  (object: KubeObject): number =>
    object[part]?.[field] ?? 0;
/** "1/3": ready and wanted. */
export const readyCell = (object: KubeObject): string => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`;
