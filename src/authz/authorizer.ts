import type { UserInfo } from '../api/machinery/user.ts';
import type { View } from '../registry/view.ts';
import { type Attributes, type Decision, resourceAttributes } from './attributes.ts';
import { authorizeNode } from './node.ts';
import { Rbac } from './rbac.ts';

const MASTERS = 'system:masters';

/**
 * Decides by the superusers' group, the Node authorizer, RBAC: the first opinion counts (kube-apiserver
 * --authorization-mode=Node,RBAC).
 */
export class Authorizer {
  readonly rbac: Rbac;
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
    this.rbac = new Rbac(view);
  }

  /** Whether a user may do what needs no object: a verb on a name. */
  allows(user: UserInfo, verb: string, group: string, resource: string, name: string): boolean {
    return this.authorize(resourceAttributes(user, verb, { group, version: '*', resource, name })).verdict === 'allow';
  }

  authorize(a: Attributes): Decision {
    if (a.user.groups.includes(MASTERS)) return { verdict: 'allow', reason: '' };
    const node = authorizeNode(a, this.#view);
    if (node?.verdict === 'allow') return node;
    const rbac = this.rbac.authorize(a);
    if (rbac.verdict !== 'none' || !node?.reason) return rbac;
    return { verdict: 'none', reason: rbac.reason ? `${node.reason}\n${rbac.reason}` : node.reason };
  }
}
