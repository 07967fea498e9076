import { load } from 'js-yaml';
import { errorBody, type FieldError, invalid, notSupported, required } from '../../api/machinery/field-errors.ts';
import { type Reading, type Shape, shaped } from '../../api/machinery/config-file.ts';
import { isDns1123Subdomain } from '../../api/machinery/names.ts';
import { isObject, type Obj } from '../../lib/json.ts';
import { AUDIT_POLICY_ENTRIES } from '../limits.ts';

/** Audit levels: the parts of a request that are recorded, each level with all before it. */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];

export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

/** A group of resources in a rule. */
export interface GroupResources {
  group?: string;
  resources?: string[];
  resourceNames?: string[];
}

export interface PolicyRule {
  level: Level;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: GroupResources[];
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

/** A Policy of audit.k8s.io/v1. */
export interface Policy {
  kind: 'Policy';
  apiVersion: 'audit.k8s.io/v1';
  metadata?: Obj;
  rules: PolicyRule[];
  omitStages?: Stage[];
  omitManagedFields?: boolean;
}

const API_VERSION = 'audit.k8s.io/v1';

/** The error of an invalid policy. */
export class PolicyError extends Error {}

const GROUP: Record<string, Shape> = { group: 'text', resources: 'texts', resourceNames: 'texts' };
const RULE: Record<string, Shape> = {
  level: 'text',
  users: 'texts',
  userGroups: 'texts',
  verbs: 'texts',
  resources: { list: GROUP },
  namespaces: 'texts',
  nonResourceURLs: 'texts',
  omitStages: 'texts',
  omitManagedFields: 'flag',
};
const POLICY: Record<string, Shape> = {
  kind: 'text',
  apiVersion: 'text',
  metadata: 'object',
  rules: { list: RULE },
  omitStages: 'texts',
  omitManagedFields: 'flag',
};

/**
 * Reads a policy, YAML or JSON (audit/policy/reader.go): fields that it does not know are left out with a warning, fields of the wrong type
 * and what validation finds are refused.
 */
export function readPolicy(text: string): { policy: Policy; warnings: string[] } {
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    throw new PolicyError(`failed decoding: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new PolicyError('failed decoding: a Policy is an object');
  const { kind, apiVersion } = value;
  if (kind !== 'Policy' || apiVersion !== API_VERSION) {
    throw new PolicyError(
      `no kind ${quoted(kind)} is known for version ${quoted(apiVersion)}: a policy is a "Policy" of "${API_VERSION}"`,
    );
  }
  const reading: Reading = {
    warnings: [],
    left: AUDIT_POLICY_ENTRIES,
    tooMany: `a policy has at most ${AUDIT_POLICY_ENTRIES} entries`,
    error: PolicyError,
  };
  const policy = shaped(value, POLICY, '', reading) as unknown as Policy;
  const errors = validatePolicy(policy);
  if (errors.length) throw new PolicyError(errors.map((e) => `${e.field}: ${errorBody(e)}`).join(', '));
  if (!policy.rules?.length) throw new PolicyError('loaded illegal policy with 0 rules');
  return { policy, warnings: reading.warnings };
}

const quoted = (value: unknown): string => JSON.stringify(value ?? '');

/** apiserver pkg/apis/audit/validation */
function validatePolicy(policy: Policy): FieldError[] {
  const errors = stageErrors(policy.omitStages, 'omitStages');
  policy.rules?.forEach((rule, i) => void errors.push(...ruleErrors(rule, `rules[${i}]`)));
  return errors;
}

function ruleErrors(rule: PolicyRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.level) errors.push(required(`${path}.level`));
  else if (!LEVELS.includes(rule.level)) errors.push(notSupported(`${path}.level`, rule.level, [...LEVELS]));
  const urls = `${path}.nonResourceURLs`;
  rule.nonResourceURLs?.forEach((url, i) => {
    if (url === '*') return;
    const at = `${urls}[${i}]`;
    if (!url.startsWith('/')) errors.push(invalid(at, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*')) {
      errors.push(invalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule"));
    }
  });
  for (const { group, resources, resourceNames } of rule.resources ?? []) {
    const at = `${path}.resources`;
    const wrong = group && group !== '*' ? isDns1123Subdomain(group) : [];
    if (wrong.length) errors.push(invalid(`${at}.group`, group, wrong.join(',')));
    if (resourceNames?.length && !resources?.length) {
      errors.push(invalid(`${at}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource'));
    }
  }
  errors.push(...stageErrors(rule.omitStages, `${path}.omitStages`));
  if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length)) {
    errors.push(invalid(urls, rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
  }
  return errors;
}

function stageErrors(stages: readonly string[] | undefined, path: string): FieldError[] {
  const wrong = (stages ?? []).map((stage, i) =>
    STAGES.includes(stage as Stage) ? undefined : invalid(`${path}[${i}]`, stage, `allowed stages are ${STAGES.join(',')}`),
  );
  return wrong.filter((error) => error !== undefined);
}
