import type { Ask } from './cluster.ts';
import upstream from './upstream-roles.json' with { type: 'json' };
import type { Grant, User } from './users.ts';

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** What metrics-server's role gives to the three roles that it is aggregated to. */
const METRICS: Rule = { verbs: ['get', 'list', 'watch'], apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'] };
/** What explains the scheduler's decisions to the same roles. */
const EXPLANATIONS: Rule = { verbs: ['get'], apiGroups: ['explain.atoll.dev'], resources: ['podschedulings'] };
const { view, edit, admin, ...others } = upstream as Record<string, Rule[]>;

/** The rules of upstream's default ClusterRoles, as a 1.36 control plane with metrics-server has them after aggregation, and ours. */
export const ROLES: Record<string, Rule[]> = {
  ...others,
  view: [...view, METRICS, EXPLANATIONS],
  edit: [...edit, METRICS, EXPLANATIONS],
  admin: [...admin, METRICS, EXPLANATIONS],
};

const has = (list: string[] = [], value: string) => list.some((entry) => entry === '*' || entry === value);

function allows(rule: Rule, ask: Ask): boolean {
  if (!has(rule.verbs, ask.verb)) return false;
  if (!ask.isResource) {
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith('*') ? ask.path.startsWith(url.slice(0, -1)) : url === ask.path,
    );
  }
  const resource = ask.subresource ? `${ask.resource}/${ask.subresource}` : ask.resource;
  if (!has(rule.apiGroups, ask.group) || !has(rule.resources, resource)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(ask.name);
}

const grantAllows = ({ role, namespace }: Grant, ask: Ask): boolean => {
  if (namespace !== undefined && (!ask.isResource || ask.namespace !== namespace)) return false;
  return ROLES[role].some((rule) => allows(rule, ask));
};

/** Paths that answer those who say nothing of who they are. */
const OPEN = ['/healthz', '/livez', '/readyz', '/version'];
const isOpen = (path: string) => OPEN.some((open) => path === open || path.startsWith(`${open}/`));

export type Verdict = 400 | 401 | 403 | 'in';

/** What must become of a request, by upstream's rules evaluated here. */
export function verdictOf(user: User, ask: Ask): Verdict {
  if (user.is === 'nobody') return 401;
  if (user.is === 'anonymous' && (ask.isResource || !isOpen(ask.path))) return 401;
  if (user.malformed) return 400;
  if (user.mayNotBe !== undefined) return 403;
  return mayDo(user, ask) ? 'in' : 403;
}

export function mayDo(user: User, ask: Ask): boolean {
  if (user.master || user.grants.some((grant) => grantAllows(grant, ask))) return true;
  // Liveness and version answer everybody, as upstream's always-allowed paths do.
  return !ask.isResource && ask.verb === 'get' && OPEN.includes(ask.path);
}
