import type { Registry } from '../registry/registry.ts';
import type { Attributes, Decision } from './attributes.ts';
import { authorizeNode } from './node.ts';
import { Rbac, RBAC_RESOURCES, type RbacSource } from './rbac.ts';

const MASTERS = 'system:masters';

/** May they? The superusers' group, the Node authorizer, RBAC: the first opinion counts (kube-apiserver --authorization-mode=Node,RBAC). */
export class Authorizer {
  readonly rbac: Rbac;
  readonly #source: RbacSource;

  constructor(source: RbacSource) {
    this.#source = source;
    this.rbac = new Rbac(source);
  }

  authorize(a: Attributes): Decision {
    if (a.user.groups.includes(MASTERS)) return { verdict: 'allow', reason: '' };
    const node = authorizeNode(a, this.#source);
    if (node?.verdict === 'allow') return node;
    const rbac = this.rbac.authorize(a);
    if (rbac.verdict !== 'none' || !node?.reason) return rbac;
    return { verdict: 'none', reason: rbac.reason ? `${node.reason}\n${rbac.reason}` : node.reason };
  }
}

const IN = RBAC_RESOURCES.map(() => '?').join(', ');
const authorizers = new WeakMap<Registry, Authorizer>();

/** The one authorizer of a registry's cluster. */
export function authorizerOf(registry: Registry): Authorizer {
  let found = authorizers.get(registry);
  if (!found) {
    const { store } = registry;
    found = new Authorizer({
      revision: () => store.revision(),
      changedSince: (rev) =>
        store.sql.all(`SELECT 1 AS n FROM log WHERE rev > ? AND resource IN (${IN}) LIMIT 1`, rev, ...RBAC_RESOURCES).length > 0,
      object: (resource, namespace, name) => registry.object(resource, namespace, name),
      objects: (resource, namespace) => registry.objects(resource, namespace),
    });
    authorizers.set(registry, found);
  }
  return found;
}
