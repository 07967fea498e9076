/** Validation of a job's spec, standing alone or in a CronJob (batch/validation validateJobSpec). */
import type { Obj } from '../../lib/json.ts';
import { validateTemplate } from '../core/pod/template.ts';
import { type Errors, invalids, nonNegative, type PodOptions, qualifiedName, unsupported } from '../machinery/spec-checks.ts';
import { sentEmpty } from '../machinery/decode-fast.ts';
import { duplicate, invalid, OMITTED, required, tooLong, tooMany } from '../machinery/field-errors.ts';
import { byteLength, isDns1123Subdomain, regexError } from '../machinery/names.ts';
import { indexCount } from './job-indexes.ts';

const MAX_INDEXED_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
const MANY_PARALLELISM = 10_000;
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_PATTERNS = 20;
const MAX_MANAGED_BY = 63;
const MAX_SUCCEEDED_INDEXES = 64 * 1024;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const REPLACEMENT = ['Failed', 'TerminatingOrFailed'];
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${HTTP_PATH}$`);
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
];

const valid = (values: string[]): string => `valid values: [${values.map((v) => JSON.stringify(v)).join(' ')}]`;

export function validateJobSpec(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  for (const field of COUNTS) nonNegative(errors, spec[field], `${path}.${field}`);
  const { maxFailedIndexes } = spec;
  nonNegative(errors, maxFailedIndexes, `${path}.maxFailedIndexes`);
  if (maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  if (spec.managedBy !== undefined) managedBy(spec.managedBy, `${path}.managedBy`, errors);
  completionMode(spec, path, errors);
  if (spec.podFailurePolicy) failurePolicy(spec, `${path}.podFailurePolicy`, errors);
  if (spec.successPolicy) successPolicy(spec, `${path}.successPolicy`, errors);
  replacement(spec, `${path}.podReplacementPolicy`, errors);
  validateTemplate(spec.template ?? {}, `${path}.template`, errors, options);
  restartPolicy(spec, `${path}.template.spec.restartPolicy`, errors);
}

function managedBy(value: string, path: string, errors: Errors): void {
  const slash = value.indexOf('/');
  if (!value) errors.push(required(path));
  else if (slash <= 0 || slash === value.length - 1) {
    errors.push(invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  } else {
    const host = value.slice(0, slash);
    const rest = value.slice(slash + 1);
    invalids(errors, path, host, isDns1123Subdomain(host));
    if (!PATH.test(rest)) errors.push(invalid(path, rest, regexError('Invalid path', HTTP_PATH)));
  }
  if (byteLength(value) > MAX_MANAGED_BY) errors.push(tooLong(path, '', MAX_MANAGED_BY));
}

function completionMode(spec: Obj, path: string, errors: Errors): void {
  const mode = spec.completionMode;
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.push(unsupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  }
  if (mode === 'Indexed') indexed(spec, path, errors);
  if (mode !== undefined && mode !== 'NonIndexed') return;
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes']) {
    if (spec[field] !== undefined) errors.push(invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
  }
}

function indexed(spec: Obj, path: string, errors: Errors): void {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec;
  const most = (field: string, value: number, limit: number, when: string) => {
    if (value > limit) errors.push(invalid(`${path}.${field}`, value, `must be less than or equal to ${limit}${when}`));
  };
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  most('parallelism', parallelism, MAX_INDEXED_PARALLELISM, ' when completion mode is Indexed');
  if (completions !== undefined && failed > completions) {
    errors.push(invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
  }
  most('maxFailedIndexes', failed ?? 0, MAX_FAILED_INDEXES, '');
  if ((completions ?? 0) <= MANY_COMPLETIONS || spec.backoffLimitPerIndex === undefined) return;
  if (failed === undefined) {
    errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`));
  }
  const when = ` when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  most('parallelism', parallelism, MANY_PARALLELISM, when);
  most('maxFailedIndexes', failed ?? 0, MANY_PARALLELISM, when);
}

function replacement(spec: Obj, path: string, errors: Errors): void {
  const policy = spec.podReplacementPolicy;
  if (policy === undefined) return;
  const values = spec.podFailurePolicy ? ['Failed'] : REPLACEMENT;
  if (!values.includes(policy)) errors.push(unsupported(path, policy, values));
}

function restartPolicy(spec: Obj, path: string, errors: Errors): void {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  if (policy === 'Always' || policy === '') errors.push(required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(unsupported(path, policy, ['OnFailure', 'Never']));
  else if (spec.podFailurePolicy && policy !== 'Never') {
    errors.push(invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}

function failurePolicy(spec: Obj, path: string, errors: Errors): void {
  const rules: Obj[] = spec.podFailurePolicy.rules ?? [];
  if (rules.length > MAX_RULES) errors.push(tooMany(`${path}.rules`, rules.length, MAX_RULES));
  const pod = spec.template?.spec ?? {};
  const names = new Set<string>([...(pod.containers ?? []), ...(pod.initContainers ?? [])].map((c: Obj) => c.name));
  rules.forEach((rule, i) => {
    const at = `${path}.rules[${i}]`;
    const { action, onExitCodes } = rule;
    const conditions: Obj[] = rule.onPodConditions ?? [];
    if (!action) errors.push(required(`${at}.action`, valid(ACTIONS)));
    else if (action === 'FailIndex') {
      const set = spec.backoffLimitPerIndex !== undefined;
      if (!set) errors.push(invalid(`${at}.action`, action, 'requires the backoffLimitPerIndex to be set'));
    } else if (!ACTIONS.includes(action)) errors.push(unsupported(`${at}.action`, action, ACTIONS));
    if (onExitCodes) exitCodes(onExitCodes, names, `${at}.onExitCodes`, errors);
    podConditions(conditions, `${at}.onPodConditions`, errors);
    const both = 'specifying both OnExitCodes and OnPodConditions is not supported';
    if (onExitCodes && conditions.length) errors.push(invalid(at, OMITTED, both));
    const none = 'specifying one of OnExitCodes and OnPodConditions is required';
    if (!onExitCodes && !conditions.length) errors.push(invalid(at, OMITTED, none));
  });
}

function podConditions(patterns: Obj[], path: string, errors: Errors): void {
  if (patterns.length > MAX_PATTERNS) errors.push(tooMany(path, patterns.length, MAX_PATTERNS));
  patterns.forEach(({ type = '', status }, j) => {
    qualifiedName(errors, type, `${path}[${j}].type`);
    if (!status) errors.push(required(`${path}[${j}].status`, valid(STATUSES)));
    else if (!STATUSES.includes(status)) errors.push(unsupported(`${path}[${j}].status`, status, STATUSES));
  });
}

function exitCodes(requirement: Obj, names: Set<string>, path: string, errors: Errors): void {
  const { operator, containerName } = requirement;
  const values: number[] = requirement.values ?? [];
  if (!operator) errors.push(required(`${path}.operator`, valid(OPERATORS)));
  else if (!OPERATORS.includes(operator)) errors.push(unsupported(`${path}.operator`, operator, OPERATORS));
  if (containerName !== undefined && !names.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${path}.containerName`, containerName, detail));
  }
  if (!values.length)
    errors.push(
      invalid(`${path}.values`, requirement.values ?? sentEmpty(requirement, 'values') ?? null, 'at least one value is required'),
    );
  else if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${path}.values`, values.length, MAX_EXIT_CODES));
  const seen = new Set<number>();
  values.forEach((code, j) => {
    if (operator === 'In' && code === 0) errors.push(invalid(`${path}.values[${j}]`, code, 'must not be 0 for the In operator'));
    if (seen.has(code)) errors.push(duplicate(`${path}.values[${j}]`, code));
    seen.add(code);
  });
  if (values.some((code, j) => j > 0 && values[j - 1] > code)) errors.push(invalid(`${path}.values`, values, 'must be ordered'));
}

/** Upstream's JSON of a success policy: Go's names. */
export const shownSuccessPolicy = (policy: Obj | undefined): Obj | null =>
  policy
    ? {
        Rules:
          (policy.rules ?? sentEmpty(policy, 'rules'))?.map((rule: Obj) => ({
            SucceededIndexes: rule.succeededIndexes ?? null,
            SucceededCount: rule.succeededCount ?? null,
          })) ?? null,
      }
    : null;

function successPolicy(spec: Obj, path: string, errors: Errors): void {
  if (spec.completionMode !== 'Indexed') {
    errors.push(invalid(path, shownSuccessPolicy(spec.successPolicy), 'requires indexed completion mode'));
    return;
  }
  const rules: Obj[] = spec.successPolicy.rules ?? [];
  const none = 'at least one rules must be specified when the successPolicy is specified';
  if (!rules.length) errors.push(required(`${path}.rules`, none));
  if (rules.length > MAX_RULES) errors.push(tooMany(`${path}.rules`, rules.length, MAX_RULES));
  rules.forEach((rule, i) => {
    successRule(rule, spec.completions ?? 0, `${path}.rules[${i}]`, errors);
  });
}

function successRule(rule: Obj, completions: number, path: string, errors: Errors): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  let total = 0;
  if (indexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (byteLength(indexes) > MAX_SUCCEEDED_INDEXES) errors.push(tooLong(at, '', MAX_SUCCEEDED_INDEXES));
    const parsed = indexCount(indexes, completions);
    if (typeof parsed === 'string') errors.push(invalid(at, indexes, `error parsing succeededIndexes: ${parsed}`));
    else total = parsed;
  }
  if (count === undefined) return;
  const at = `${path}.succeededCount`;
  nonNegative(errors, count, at);
  const most = (limit: number, what: string) => {
    if (count > limit) errors.push(invalid(at, count, `must be less than or equal to ${limit} (the number of ${what})`));
  };
  most(completions, 'specified completions');
  if (indexes !== undefined) most(total, 'indexes in the specified succeededIndexes field');
}
