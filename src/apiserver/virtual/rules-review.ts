import { badRequest } from '../../api/machinery/status-errors.ts';
import { aggregateText } from '../../api/machinery/go-text.ts';
import type { PolicyRule } from '../../authz/rules.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Call, Deps } from '../call.ts';
import { reviewed } from './reviewed.ts';

/** pkg/registry/authorization/selfsubjectrulesreview: everything that the client may do, as `kubectl auth can-i --list` prints it. */
export function selfSubjectRulesReview(object: KubeObject, call: Call, deps: Deps): KubeObject {
  const namespace: string = object.spec?.namespace ?? '';
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, errors } = deps.authorizer.rbac.rulesFor(call.user, namespace);
  const resourceRules = rules.filter((rule) => rule.resources?.length).map((rule) => pick(rule, RESOURCE_FIELDS));
  const nonResourceRules = rules.filter((rule) => rule.nonResourceURLs?.length).map((rule) => pick(rule, URL_FIELDS));
  const status: Obj = { resourceRules, nonResourceRules, incomplete: false };
  if (errors.length) status.evaluationError = aggregateText(errors);
  return reviewed(object, { spec: {}, status }, {});
}

const RESOURCE_FIELDS = ['verbs', 'apiGroups', 'resources', 'resourceNames'] as const;
const URL_FIELDS = ['verbs', 'nonResourceURLs'] as const;

function pick(rule: PolicyRule, fields: readonly (keyof PolicyRule)[]): Obj {
  const out: Obj = {};
  for (const field of fields) if (rule[field]?.length) out[field] = rule[field];
  return out;
}
