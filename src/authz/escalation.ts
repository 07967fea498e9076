import { aggregateText, goStrings } from '../api/machinery/go-text.ts';
import { resourceOf } from '../api/machinery/define-kind.ts';
import { failure, forbiddenError } from '../api/machinery/status-errors.ts';
import { equal, type KubeObject, type Obj } from '../lib/json.ts';
import type { Admission, AdmissionRequest } from '../registry/ports.ts';
import type { View } from '../registry/view.ts';
import { resourceAttributes } from './attributes.ts';
import { Authorizer } from './authorizer.ts';
import { compactRules, compactString, type PolicyRule, uncovered } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = new Set([`${GROUP}/roles`, `${GROUP}/clusterroles`]);
const BINDINGS = new Set([`${GROUP}/rolebindings`, `${GROUP}/clusterrolebindings`]);

/**
 * Refuses roles and bindings that grant permissions which their writer does not hold (upstream's policybased storage in pkg/registry/rbac). No plugin of
 * the admission chain, because it asks the authorizer.
 */
export const escalationGuard: Admission = {
  review(request, { view }) {
    const resource = resourceOf(request.kind);
    if (request.object && (ROLES.has(resource) || BINDINGS.has(resource))) check(request, request.object, view);
  },
};

/** All permissions: required to write an aggregation rule. */
const FULL_AUTHORITY: PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

function check(request: AdmissionRequest, object: KubeObject, view: View): void {
  if (request.user.groups.includes('system:masters')) return;
  if (request.old && onlyOwnershipChanged(object, request.old)) return;
  const authorizer = new Authorizer(view);
  if (ROLES.has(resourceOf(request.kind))) checkRole(request, object, authorizer);
  else checkBinding(request, object, authorizer);
}

function may(request: AdmissionRequest, authorizer: Authorizer, verb: string, resource: string, name: string): boolean {
  const more = { group: GROUP, version: '*', resource, name, namespace: request.namespace };
  return authorizer.authorize(resourceAttributes(request.user, verb, more)).verdict === 'allow';
}

function checkRole(request: AdmissionRequest, object: KubeObject, authorizer: Authorizer): void {
  if (may(request, authorizer, 'escalate', request.kind.resource, request.name)) return;
  const refuse = (why: string) =>
    forbiddenError({ group: GROUP, resource: request.kind.resource }, object.metadata.name ?? '', why);
  const problem = escalates(request, object.rules ?? [], authorizer);
  if (problem) throw refuse(problem);
  if (!gathers(object) && !gathers(request.old)) return;
  if (escalates(request, FULL_AUTHORITY, authorizer))
    throw refuse('must have cluster-admin privileges to use the aggregationRule');
}

const gathers = (role: KubeObject | undefined) => !!role?.aggregationRule?.clusterRoleSelectors?.length;

function checkBinding(request: AdmissionRequest, object: KubeObject, authorizer: Authorizer): void {
  const ref: Obj = object.roleRef ?? {};
  const resource = ref.kind === 'Role' ? 'roles' : 'clusterroles';
  if (may(request, authorizer, 'bind', resource, ref.name ?? '')) return;
  const found = authorizer.rbac.roleRules(ref, request.namespace);
  if (found.error !== undefined) throw failure(404, 'NotFound', found.error, { name: ref.name, group: GROUP, kind: resource });
  const problem = escalates(request, found.rules, authorizer);
  if (problem) throw forbiddenError({ group: GROUP, resource: request.kind.resource }, object.metadata.name ?? '', problem);
}

/**
 * The permissions granted but not held, in upstream's words (pkg/registry/rbac/validation ConfirmNoEscalation); undefined when
 * there are none.
 */
function escalates({ user, namespace }: AdmissionRequest, rules: PolicyRule[], authorizer: Authorizer): string | undefined {
  const held = authorizer.rbac.rulesFor(user, namespace);
  const missing = uncovered(held.rules, rules);
  if (!missing.length) return undefined;
  const list = [...new Set(compactRules(missing).map(compactString))].sort();
  const who = `user ${JSON.stringify(user.username)} (groups=${goStrings(user.groups)})`;
  const tail = held.errors.length ? `; resolution errors: ${aggregateText(held.errors)}` : '';
  return `${who} is attempting to grant RBAC permissions not currently held:\n${list.join('\n')}${tail}`;
}

/** Whether only finalizers and owners changed: rules are not checked then, so that the garbage collector can work. */
function onlyOwnershipChanged(object: KubeObject, old: KubeObject): boolean {
  const bare = (o: KubeObject) => {
    const { finalizers: _, ownerReferences: __, managedFields: ___, resourceVersion: ____, ...metadata } = o.metadata as Obj;
    return { ...o, metadata };
  };
  return equal(bare(object), bare(old));
}
