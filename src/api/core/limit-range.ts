import type { KubeObject, Obj } from '../../lib/json.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { isQualifiedName } from '../machinery/names.ts';
import { cmp, milli, ofValue, type Quantity, quantity } from '../machinery/quantity.ts';
import { isOvercommitAllowed } from './pod/resources.ts';
import { checkContainerResourceName, checkResourceName } from './resource-names.ts';
import { each } from '../machinery/checks.ts';

/** LimitRange (registry/core/limitrange/strategy.go, ValidateLimitRange). */

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
type List = Record<string, string>;

/** Containers get their maximum as default limit, that or the minimum as default request (SetDefaults_LimitRangeItem). */
function defaults(object: KubeObject): void {
  for (const limit of object.spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    const limits: List = { ...limit.max, ...limit.default };
    const requests: List = { ...limit.min, ...limits, ...limit.defaultRequest };
    if (Object.keys(limits).length) limit.default = limits;
    if (Object.keys(requests).length) limit.defaultRequest = requests;
  }
}

function checkType(type: string, path: string): FieldError[] {
  const errors = each(path, type, isQualifiedName(type));
  if (errors.length || type.includes('/') || TYPES.includes(type)) return errors;
  return [invalid(path, type, 'must be a standard limit type or fully qualified')];
}

function checkNames(limit: Obj, path: string): FieldError[] {
  const ofContainers = limit.type === 'Pod' || limit.type === 'Container';
  const check = (field: string): FieldError[] =>
    Object.keys(limit[field] ?? {}).flatMap((name) =>
      (ofContainers ? checkContainerResourceName : checkResourceName)(name, `${path}.${field}[${name}]`),
    );
  const errors = [...check('max'), ...check('min')];
  for (const field of ['default', 'defaultRequest'] as const) {
    if (limit.type !== 'Pod') errors.push(...check(field));
    else if (Object.keys(limit[field] ?? {}).length) {
      errors.push(forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"));
    }
  }
  if (limit.type === 'PersistentVolumeClaim' && limit.min?.storage === undefined && limit.max?.storage === undefined) {
    errors.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
  }
  return [...errors, ...check('maxLimitRequestRatio')];
}

/** The amounts of one resource must be in order. */
function checkAmounts(limit: Obj, name: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const text = (field: string): string => limit[field]?.[name];
  const get = (field: string): Quantity | undefined => (text(field) === undefined ? undefined : quantity(text(field)));
  const wrong = (field: string, shown: string, detail: string) =>
    errors.push(invalid(`${path}.${field}[${name}]`, text(shown), detail));
  const WORDS: Obj = { min: 'min value', max: 'max value', default: 'default value', defaultRequest: 'default request value' };
  const isPod = limit.type === 'Pod';
  const ordered = (low: string, high: string, at: string, shown: string, highest = WORDS[high]) => {
    const [a, b] = [get(low), get(high)];
    if (!a || !b || cmp(a, b) <= 0 || (isPod && (low.startsWith('d') || high.startsWith('d')))) return;
    wrong(at, shown, `${WORDS[low]} ${text(low)} is greater than ${highest} ${text(high)}`);
  };
  ordered('min', 'max', 'min', 'min');
  ordered('min', 'defaultRequest', 'defaultRequest', 'defaultRequest');
  ordered('defaultRequest', 'max', 'defaultRequest', 'defaultRequest');
  ordered('defaultRequest', 'default', 'defaultRequest', 'defaultRequest', 'default limit value');
  ordered('min', 'default', 'default', 'min');
  ordered('default', 'max', 'default', 'max');
  const ratio = get('maxLimitRequestRatio');
  if (ratio) {
    const shown = text('maxLimitRequestRatio');
    if (cmp(ratio, ofValue(1)) < 0) wrong('maxLimitRequestRatio', 'maxLimitRequestRatio', `ratio ${shown} is less than 1`);
    const [min, max] = [get('min'), get('max')];
    const bound = min && max ? milli(max) / milli(min) : Number.POSITIVE_INFINITY;
    if (milli(ratio) / 1000 > bound) {
      wrong('maxLimitRequestRatio', 'maxLimitRequestRatio', `ratio ${shown} is greater than max/min = ${bound.toFixed(6)}`);
    }
  }
  const [value, request] = [get('default'), get('defaultRequest')];
  if (!isPod && value && request && !isOvercommitAllowed(name) && cmp(value, request) !== 0) {
    const both = `default value ${text('default')} must equal to defaultRequest value ${text('defaultRequest')}`;
    wrong('defaultRequest', 'defaultRequest', `${both} in ${name}`);
  }
  return errors;
}

const FIELDS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'];

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  (object.spec?.limits ?? []).forEach((limit: Obj, i: number) => {
    const path = `spec.limits[${i}]`;
    const type: string = limit.type ?? '';
    errors.push(...checkType(type, `${path}.type`));
    if (seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
    errors.push(...checkNames(limit, path));
    const names = new Set(FIELDS.flatMap((field) => Object.keys(limit[field] ?? {})));
    for (const name of names) errors.push(...checkAmounts(limit, name, path));
  });
  return errors;
}

export const LimitRange = defineKind({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  resource: 'limitranges',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.LimitRange'),
  shortNames: ['limits'],
  createOnUpdate: true,
  skipsMetaOnUpdate: true,
  defaults,
  prepareCreate({ metadata }, { random }) {
    metadata.name ||= random.uuid();
  },
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, true, undefined, 'metadata'), ...validate(object)],
});
