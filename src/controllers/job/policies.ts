import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Intervals, overlapCount, parseIndexes, total } from './indexes.ts';

/** What a Job's failure policy says of a failed pod. */
export interface Verdict {
  /** Whether the failure counts towards the limits. */
  counts: boolean;
  action?: 'Ignore' | 'FailIndex' | 'Count' | 'FailJob';
  /** Why the Job fails, with FailJob. */
  message?: string;
}

/** The first rule that matches decides (pod_failure_policy.go matchPodFailurePolicy). */
export function failureVerdict(policy: Obj | undefined, pod: KubeObject): Verdict {
  const rules: Obj[] = policy?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const what = matchOf(rule, pod);
    if (what === undefined) continue;
    const { action } = rule;
    return {
      counts: action !== 'Ignore',
      action,
      ...(action === 'FailJob' && { message: `${what} matching ${action} rule at index ${index}` }),
    };
  }
  return { counts: true };
}

/** What of the pod the rule matches, in the words of the message. */
function matchOf(rule: Obj, { metadata, status = {} }: KubeObject): string | undefined {
  const pod = `${metadata.namespace}/${metadata.name}`;
  if (rule.onExitCodes) {
    const ended = exitOf(status.containerStatuses, rule.onExitCodes) ?? exitOf(status.initContainerStatuses, rule.onExitCodes);
    return ended && `Container ${ended.name} for pod ${pod} failed with exit code ${ended.state.terminated.exitCode}`;
  }
  const condition = (status.conditions ?? []).find((c: Obj) =>
    (rule.onPodConditions ?? []).some((pattern: Obj) => pattern.type === c.type && pattern.status === c.status),
  );
  return condition && `Pod ${pod} has condition ${condition.type}`;
}

function exitOf(statuses: Obj[] | undefined, { containerName, operator, values }: Obj): Obj | undefined {
  return (statuses ?? []).find(({ name, state }) => {
    const code = state?.terminated?.exitCode;
    if (!code || (containerName !== undefined && containerName !== name)) return false;
    return operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code);
  });
}

/** Which rule of a success policy is met, as the condition's message; undefined: none (success_policy.go matchSuccessPolicy). */
export function metSuccessRule(policy: Obj | undefined, completions: number, succeeded: Intervals): string | undefined {
  if (!succeeded.length) return undefined;
  const rules: Obj[] = policy?.rules ?? [];
  const met = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && total(succeeded) >= succeededCount;
    const required = parseIndexes(succeededIndexes, completions);
    if (!required.length) return false;
    const done = overlapCount(required, succeeded);
    return done === total(required) || (succeededCount !== undefined && done >= succeededCount);
  });
  return met < 0 ? undefined : `Matched rules at index ${met}`;
}
