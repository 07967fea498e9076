import type { Attributes } from '../../authz/attributes.ts';
import type { GroupResources, Level, Policy, PolicyRule, Stage } from './policy.ts';

/** The parts of one request to record. */
export interface AuditConfig {
  level: Level;
  omitStages: ReadonlySet<Stage>;
  omitManagedFields: boolean;
}

/** A request before it is known who asks has no user. */
export type Asked = Omit<Attributes, 'user'> & { user?: Attributes['user'] };

/** A compiled policy (audit/policy/checker.go). The first matching rule decides; without one nothing is recorded. */
export class AuditRules {
  readonly #rules: { rule: PolicyRule; config: AuditConfig }[];

  constructor(policy: Policy) {
    this.#rules = policy.rules.map((rule) => ({
      rule,
      config: {
        level: rule.level,
        omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
      },
    }));
  }

  /** The parts of a request to record; undefined: none. */
  configFor(asked: Asked): AuditConfig | undefined {
    const found = this.#rules.find(({ rule }) => matches(rule, asked))?.config;
    return found && found.level !== 'None' ? found : undefined;
  }
}

const listed = (list: readonly string[] | undefined, value: string | undefined): boolean =>
  !list?.length || (value !== undefined && list.includes(value));

function matches(rule: PolicyRule, asked: Asked): boolean {
  const { user } = asked;
  if (!listed(rule.users, user?.username) || !listed(rule.verbs, asked.verb)) return false;
  if (rule.userGroups?.length && !user?.groups.some((group) => rule.userGroups?.includes(group))) return false;
  if (rule.namespaces?.length || rule.resources?.length) return matchesResource(rule, asked);
  if (!rule.nonResourceURLs?.length) return true;
  return !asked.isResource && rule.nonResourceURLs.some((spec) => matchesPath(asked.path, spec));
}

function matchesPath(path: string, spec: string): boolean {
  return spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, '')));
}

function matchesResource(rule: PolicyRule, asked: Asked): boolean {
  if (!asked.isResource || !listed(rule.namespaces, asked.namespace)) return false;
  return !rule.resources?.length || rule.resources.some((group) => matchesGroup(group, asked));
}

function matchesGroup({ group = '', resources, resourceNames }: GroupResources, asked: Asked): boolean {
  if (group !== '*' && group !== asked.group) return false;
  if (!resources?.length) return true;
  if (!listed(resourceNames, asked.name)) return false;
  const { resource, subresource } = asked;
  const whole = subresource ? `${resource}/${subresource}` : resource;
  return resources.some(
    (spec) => spec === whole || spec === '*' || (subresource !== '' && spec === `*/${subresource}`) || spec === `${resource}/*`,
  );
}
