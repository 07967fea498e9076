/** Where pods may go: node selectors, affinity, spreading (core/validation validateAffinity, validateTopologySpreadConstraints). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { isDns1123Subdomain, isQualifiedName, isValidLabelValue } from '../../machinery/names.ts';
import {
  dnsLabel,
  type Errors,
  invalids,
  type PodOptions,
  positive,
  qualifiedName,
  unsupported,
} from '../../machinery/spec-checks.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const WEIGHT = 'must be in the range 1-100';

/** A NodeSelector, also of volumes. */
export function validateNodeSelector(selector: Obj, allowInvalidValues: boolean, path: string, errors: Errors): void {
  const terms: Obj[] = selector.nodeSelectorTerms ?? [];
  if (!terms.length) errors.push(required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (let i = 0; i < terms.length; i++) nodeTerm(terms[i], allowInvalidValues, `${path}.nodeSelectorTerms[${i}]`, errors);
}

function nodeTerm(term: Obj, allowInvalidValues: boolean, path: string, errors: Errors): void {
  (term.matchExpressions ?? []).forEach((r: Obj, i: number) => {
    nodeRequirement(r, allowInvalidValues, `${path}.matchExpressions[${i}]`, errors);
  });
  (term.matchFields ?? []).forEach((r: Obj, i: number) => {
    nodeFieldRequirement(r, `${path}.matchFields[${i}]`, errors);
  });
}

function nodeRequirement(r: Obj, allowInvalidValues: boolean, path: string, errors: Errors): void {
  const values: string[] = r.values ?? [];
  const operator = r.operator ?? '';
  if (operator === 'In' || operator === 'NotIn') {
    if (!values.length) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length) {
      errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) {
      errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    }
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  qualifiedName(errors, r.key ?? '', `${path}.key`);
  if (allowInvalidValues) return;
  for (let i = 0; i < values.length; i++) invalids(errors, `${path}.values[${i}]`, values[i], isValidLabelValue(values[i]));
}

function nodeFieldRequirement(r: Obj, path: string, errors: Errors): void {
  const values: string[] = r.values ?? [];
  const operator = r.operator ?? '';
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length !== 1) {
      const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      errors.push(required(`${path}.values`, detail));
    }
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  if (r.key !== 'metadata.name') errors.push(invalid(`${path}.key`, r.key ?? '', 'not a valid field selector key'));
  else values.forEach((value, i) => invalids(errors, `${path}.values[${i}]`, value, isDns1123Subdomain(value)));
}

/** Has a stored spec node affinity values that today's rules refuse? */
export function hasInvalidNodeAffinityValue(spec: Obj): boolean {
  const terms: Obj[] = spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  return terms.some((term) =>
    (term.matchExpressions ?? []).some((r: Obj) => (r.values ?? []).some((v: string) => isValidLabelValue(v).length > 0)),
  );
}

export function validateAffinity(affinity: Obj, path: string, errors: Errors, options: PodOptions): void {
  const node = affinity.nodeAffinity;
  if (node) {
    const at = `${path}.nodeAffinity`;
    if (node[REQUIRED]) {
      validateNodeSelector(node[REQUIRED], !!options.allowInvalidLabelValueInNodeAffinity, `${at}.${REQUIRED}`, errors);
    }
    (node[PREFERRED] ?? []).forEach((term: Obj, i: number) => {
      weight(term.weight ?? 0, `${at}.${PREFERRED}[${i}].weight`, errors);
      nodeTerm(term.preference ?? {}, true, `${at}.${PREFERRED}[${i}].preference`, errors);
    });
  }
  const lax = !!options.allowInvalidLabelValueInSelector;
  if (affinity.podAffinity) podAffinity(affinity.podAffinity, lax, `${path}.podAffinity`, errors);
  if (affinity.podAntiAffinity) podAffinity(affinity.podAntiAffinity, lax, `${path}.podAntiAffinity`, errors);
}

function weight(value: number, path: string, errors: Errors): void {
  if (value <= 0 || value > 100) errors.push(invalid(path, value, WEIGHT));
}

function podAffinity(affinity: Obj, lax: boolean, path: string, errors: Errors): void {
  (affinity[REQUIRED] ?? []).forEach((term: Obj, i: number) => {
    podTerm(term, lax, `${path}.${REQUIRED}[${i}]`, errors);
  });
  (affinity[PREFERRED] ?? []).forEach((term: Obj, i: number) => {
    weight(term.weight ?? 0, `${path}.${PREFERRED}[${i}].weight`, errors);
    podTerm(term.podAffinityTerm ?? {}, lax, `${path}.${PREFERRED}[${i}].podAffinityTerm`, errors);
  });
}

function podTerm(term: Obj, lax: boolean, path: string, errors: Errors): void {
  selectors(term, lax, path, errors);
  for (const name of term.namespaces ?? []) dnsLabel(errors, name, `${path}.namespace`);
  labelKeys(term, path, errors);
  const key = term.topologyKey ?? '';
  if (!key) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  invalids(errors, `${path}.topologyKey`, key, isQualifiedName(key));
}

function selectors(term: Obj, lax: boolean, path: string, errors: Errors): void {
  const options = { allowInvalidLabelValueInSelector: lax };
  if (term.labelSelector) errors.push(...validateLabelSelector(term.labelSelector, options, `${path}.labelSelector`));
  if (term.namespaceSelector) errors.push(...validateLabelSelector(term.namespaceSelector, options, `${path}.namespaceSelector`));
}

/** Has a stored spec selectors in its pod affinity that today's rules refuse? */
export function hasInvalidAffinitySelector(spec: Obj): boolean {
  const errors: Errors = [];
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    for (const term of affinity?.[REQUIRED] ?? []) selectors(term, false, '', errors);
    for (const term of affinity?.[PREFERRED] ?? []) selectors(term.podAffinityTerm ?? {}, false, '', errors);
  }
  return errors.length > 0;
}

/** matchLabelKeys and mismatchLabelKeys beside labelSelector. */
function labelKeys(holder: Obj, path: string, errors: Errors): void {
  const { labelSelector } = holder;
  const match: string[] = holder.matchLabelKeys ?? [];
  const mismatch: string[] = holder.mismatchLabelKeys ?? [];
  if (!match.length && !mismatch.length) return;
  for (const [field, keys] of [
    ['matchLabelKeys', match],
    ['mismatchLabelKeys', mismatch],
  ] as const) {
    if (keys.length && !labelSelector) {
      errors.push(forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set'));
    } else keys.forEach((key, i) => qualifiedName(errors, key, `${path}.${field}[${i}]`));
  }
  const known = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key = '' } of labelSelector?.matchExpressions ?? []) {
    const i = match.lastIndexOf(key);
    if (i >= 0 && known.has(key)) errors.push(invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    known.add(key);
  }
  match.forEach((key, i) => {
    if (!mismatch.includes(key)) return;
    errors.push(invalid(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  });
}

/** The rule before 1.34, kept for objects that were stored under it. */
function legacyLabelKeys(constraint: Obj, path: string, errors: Errors): void {
  const keys: string[] = constraint.matchLabelKeys ?? [];
  const selector = constraint.labelSelector;
  if (!keys.length) return;
  if (!selector) errors.push(forbidden(path, 'must not be specified when labelSelector is not set'));
  const expressions: Obj[] = selector?.matchExpressions ?? [];
  const known = new Set([...Object.keys(selector?.matchLabels ?? {}), ...expressions.map((e) => e.key ?? '')]);
  keys.forEach((key, i) => {
    qualifiedName(errors, key, `${path}[${i}]`);
    if (known.has(key)) errors.push(invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'));
  });
}

export function validateSpread(constraints: Obj[], path: string, errors: Errors, options: PodOptions): void {
  for (let i = 0; i < constraints.length; i++) {
    const c = constraints[i];
    const at = `${path}[${i}]`;
    const { topologyKey = '', whenUnsatisfiable = '' } = c;
    positive(errors, c.maxSkew, `${at}.maxSkew`);
    if (!topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') {
      errors.push(unsupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']));
    }
    const same = (o: Obj) => (o.topologyKey ?? '') === topologyKey && (o.whenUnsatisfiable ?? '') === whenUnsatisfiable;
    if (constraints.slice(i + 1).some(same)) {
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (c.minDomains !== undefined) minDomains(c.minDomains, whenUnsatisfiable, `${at}.minDomains`, errors);
    inclusion(c.nodeAffinityPolicy, `${at}.nodeAffinityPolicy`, errors);
    inclusion(c.nodeTaintsPolicy, `${at}.nodeTaintsPolicy`, errors);
    if (options.legacySpreadKeys) legacyLabelKeys(c, `${at}.matchLabelKeys`, errors);
    else labelKeys({ labelSelector: c.labelSelector, matchLabelKeys: c.matchLabelKeys }, at, errors);
    if (!options.allowInvalidSpreadSelector) errors.push(...validateLabelSelector(c.labelSelector, {}, `${at}.labelSelector`));
  }
}

function minDomains(value: number, action: string, path: string, errors: Errors): void {
  positive(errors, value, path);
  if (action === 'DoNotSchedule') return;
  const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
  errors.push(invalid(path, value, detail));
}

function inclusion(policy: string | undefined, path: string, errors: Errors): void {
  if (policy !== undefined && policy !== 'Honor' && policy !== 'Ignore') {
    errors.push(unsupported(path, policy, ['Honor', 'Ignore']));
  }
}

/** Options that allow values of a stored spec's topologySpreadConstraints that current rules refuse. */
export function spreadAllowances(spec: Obj): Pick<PodOptions, 'allowInvalidSpreadSelector' | 'legacySpreadKeys'> {
  const constraints: Obj[] = spec.topologySpreadConstraints ?? [];
  const keyErrors: Errors = [];
  for (const c of constraints) labelKeys({ labelSelector: c.labelSelector, matchLabelKeys: c.matchLabelKeys }, '', keyErrors);
  return {
    allowInvalidSpreadSelector: constraints.some((c) => validateLabelSelector(c.labelSelector, {}, '').length > 0),
    legacySpreadKeys: keyErrors.length > 0,
  };
}
