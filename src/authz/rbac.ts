import { aggregateText } from '../api/machinery/go-text.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { Attributes, Decision } from './attributes.ts';
import type { IndexDefinition, View } from '../registry/view.ts';
import { RBAC_NAMESPACES } from './limits.ts';
import { type PolicyRule, ruleAllows } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = `${GROUP}/roles`;
const CLUSTER_ROLES = `${GROUP}/clusterroles`;
const ROLE_BINDINGS = `${GROUP}/rolebindings`;
const CLUSTER_ROLE_BINDINGS = `${GROUP}/clusterrolebindings`;

/** One binding to one subject. */
interface Grant {
  binding: KubeObject;
  subject: Obj;
  rules: PolicyRule[];
  /** The reason why the role was not found; then there are no rules. */
  error: string | undefined;
}

/** "u:name" or "g:group" -> grants. */
type Grants = Map<string, Grant[]>;

/** The grants of cluster bindings and of each namespace, filled on demand. */
interface GrantIndex {
  cluster: Grants | undefined;
  namespaces: Map<string, Grants>;
}

const INDEX: IndexDefinition<GrantIndex> = {
  name: 'rbac',
  resources: [ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS],
  build: () => ({ cluster: undefined, namespaces: new Map() }),
  apply(index, { resource, object }) {
    const { namespace } = object.metadata;
    if (namespace) index.namespaces.delete(namespace);
    else index.cluster = undefined;
    // A role binding may name a cluster role.
    if (resource === CLUSTER_ROLES) index.namespaces.clear();
  },
};

/** RBAC over the live roles and bindings, indexed by subject (plugin/pkg/auth/authorizer/rbac). */
export class Rbac {
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  authorize(a: Attributes): Decision {
    const errors: string[] = [];
    for (const grant of this.#grants(a.user, a.namespace)) {
      if (grant.error !== undefined) errors.push(grant.error);
      for (const rule of grant.rules) {
        if (ruleAllows(rule, a)) return { verdict: 'allow', reason: `RBAC: allowed by ${describe(grant)}` };
      }
    }
    return { verdict: 'none', reason: errors.length ? `RBAC: ${aggregateText(errors)}` : '' };
  }

  /** All rules of a user, in a namespace or cluster-wide (""). */
  rulesFor(user: UserInfo, namespace: string): { rules: PolicyRule[]; errors: string[] } {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    for (const grant of this.#grants(user, namespace)) {
      rules.push(...grant.rules);
      if (grant.error !== undefined) errors.push(grant.error);
    }
    return { rules, errors };
  }

  /** The rules of the role that a binding in `namespace` ("" for cluster-wide) refers to, or why there are none. */
  roleRules(ref: Obj, namespace: string): { rules: PolicyRule[]; error?: string } {
    if (ref.kind !== 'Role' && ref.kind !== 'ClusterRole')
      return { rules: [], error: `unsupported role reference kind: ${quote(ref.kind)}` };
    const resource = ref.kind === 'Role' ? ROLES : CLUSTER_ROLES;
    const role = this.#view.get(resource, ref.kind === 'Role' ? namespace : '', ref.name);
    if (role) return { rules: role.rules ?? [] };
    return { rules: [], error: `${ref.kind === 'Role' ? 'role' : 'clusterrole'}.${GROUP} ${quote(ref.name)} not found` };
  }

  *#grants(user: UserInfo, namespace: string): Generator<Grant> {
    const index = this.#view.index(INDEX);
    index.cluster ??= this.#index(this.#view.list(CLUSTER_ROLE_BINDINGS), '');
    yield* of(index.cluster, user);
    if (!namespace) return;
    let grants = index.namespaces.get(namespace);
    if (!grants) {
      grants = this.#index(this.#view.list(ROLE_BINDINGS, namespace), namespace);
      if (index.namespaces.size >= RBAC_NAMESPACES) index.namespaces.delete(index.namespaces.keys().next().value as string);
      index.namespaces.set(namespace, grants);
    }
    yield* of(grants, user);
  }

  #index(bindings: KubeObject[], namespace: string): Grants {
    const out: Grants = new Map();
    for (const binding of bindings) {
      const { rules, error } = this.roleRules(binding.roleRef ?? {}, namespace);
      for (const subject of binding.subjects ?? []) {
        const key = keyOf(subject, namespace);
        if (key === undefined) continue;
        const grants = out.get(key);
        const grant = { binding, subject, rules, error };
        if (grants) grants.push(grant);
        else out.set(key, [grant]);
      }
    }
    return out;
  }
}

function* of(grants: Grants, user: UserInfo): Generator<Grant> {
  yield* grants.get(`u:${user.username}`) ?? [];
  for (const group of user.groups) yield* grants.get(`g:${group}`) ?? [];
}

function keyOf(subject: Obj, namespace: string): string | undefined {
  if (subject.kind === 'User') return `u:${subject.name}`;
  if (subject.kind === 'Group') return `g:${subject.name}`;
  const home = subject.namespace || namespace;
  return subject.kind === 'ServiceAccount' && home ? `u:system:serviceaccount:${home}:${subject.name}` : undefined;
}

const quote = (text: unknown) => JSON.stringify(String(text ?? ''));

/** The reason of an allow: `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
function describe({ binding, subject }: Grant): string {
  const { name, namespace } = binding.metadata;
  const ref = binding.roleRef;
  const home = subject.namespace || namespace || '';
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name;
  const from = namespace ? `RoleBinding ${quote(`${name}/${namespace}`)}` : `ClusterRoleBinding ${quote(name)}`;
  return `${from} of ${ref.kind} ${quote(ref.name)} to ${subject.kind} ${quote(who)}`;
}
