import type { KubeObject, Obj } from '../lib/json.ts';
import type { UserInfo } from '../registry/ports.ts';
import type { Attributes, Decision } from './attributes.ts';
import { type PolicyRule, ruleAllows } from './rules.ts';

/** What RBAC reads: live objects, and whether roles or bindings were written since. */
export interface RbacSource {
  /** The last revision written. */
  revision(): number;
  /** Was any of the four resources written after `revision`? Asked once per revision. */
  changedSince(revision: number): boolean;
  object(resource: string, namespace: string, name: string): KubeObject | undefined;
  objects(resource: string, namespace?: string): KubeObject[];
}

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = `${GROUP}/roles`;
const CLUSTER_ROLES = `${GROUP}/clusterroles`;
/** The four resources that decide. */
export const RBAC_RESOURCES: readonly string[] = [ROLES, CLUSTER_ROLES, `${GROUP}/rolebindings`, `${GROUP}/clusterrolebindings`];

/** One binding as it concerns one subject. */
interface Grant {
  binding: KubeObject;
  subject: Obj;
  rules: PolicyRule[];
  /** Why the role could not be found; then there are no rules. */
  error: string | undefined;
}

/** "u:name" or "g:group" -> grants. */
type Grants = Map<string, Grant[]>;

/** RBAC over the live roles and bindings, indexed by subject (plugin/pkg/auth/authorizer/rbac). */
export class Rbac {
  readonly #source: RbacSource;
  #cluster: Grants | undefined;
  #namespaces = new Map<string, Grants>();
  #checked = -1;

  constructor(source: RbacSource) {
    this.#source = source;
  }

  authorize(a: Attributes): Decision {
    const errors: string[] = [];
    for (const grant of this.#grants(a.user, a.namespace)) {
      if (grant.error !== undefined) errors.push(grant.error);
      for (const rule of grant.rules) {
        if (ruleAllows(rule, a)) return { verdict: 'allow', reason: `RBAC: allowed by ${describe(grant)}` };
      }
    }
    return { verdict: 'none', reason: errors.length ? `RBAC: ${aggregate(errors)}` : '' };
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
    const role = this.#source.object(resource, ref.kind === 'Role' ? namespace : '', ref.name);
    if (role) return { rules: role.rules ?? [] };
    return { rules: [], error: `${ref.kind === 'Role' ? 'role' : 'clusterrole'}.${GROUP} ${quote(ref.name)} not found` };
  }

  *#grants(user: UserInfo, namespace: string): Generator<Grant> {
    this.#refresh();
    this.#cluster ??= this.#index(this.#source.objects(`${GROUP}/clusterrolebindings`), '');
    yield* of(this.#cluster, user);
    if (!namespace) return;
    let grants = this.#namespaces.get(namespace);
    if (!grants) {
      grants = this.#index(this.#source.objects(`${GROUP}/rolebindings`, namespace), namespace);
      this.#namespaces.set(namespace, grants);
    }
    yield* of(grants, user);
  }

  /** Drops the indexes when a role or binding was written. A revision that went back (a rollback) drops them too. */
  #refresh(): void {
    const revision = this.#source.revision();
    if (revision === this.#checked) return;
    if (revision < this.#checked || this.#source.changedSince(this.#checked)) {
      this.#cluster = undefined;
      this.#namespaces.clear();
    }
    this.#checked = revision;
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

/** Why a grant applies: `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
function describe({ binding, subject }: Grant): string {
  const { name, namespace } = binding.metadata;
  const ref = binding.roleRef;
  const home = subject.namespace || namespace || '';
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name;
  const from = namespace ? `RoleBinding ${quote(`${name}/${namespace}`)}` : `ClusterRoleBinding ${quote(name)}`;
  return `${from} of ${ref.kind} ${quote(ref.name)} to ${subject.kind} ${quote(who)}`;
}

/** Go's utilerrors.NewAggregate: one alone, several in brackets, each once. */
export function aggregate(errors: readonly string[]): string {
  const once = [...new Set(errors)];
  return once.length === 1 ? (once[0] as string) : `[${once.join(', ')}]`;
}
