import type { KubeObject, Obj } from '../lib/json.ts';
import type { Attributes, Decision } from './attributes.ts';
import type { View } from '../registry/view.ts';
import { ruleAllows } from './rules.ts';

const USER_PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';
const LEASE_NAMESPACE = 'kube-node-lease';

const allow: Decision = { verdict: 'allow', reason: '' };
const no = (reason: string): Decision => ({ verdict: 'none', reason });

/**
 * The decision about a kubelet's request (plugin/pkg/auth/authorizer/node): objects that its own pods refer to, itself, its
 * lease. Undefined: not a node.
 */
export function authorizeNode(a: Attributes, view: View): Decision | undefined {
  if (!a.user.username.startsWith(USER_PREFIX) || !a.user.groups.includes(NODES_GROUP)) return undefined;
  const node = a.user.username.slice(USER_PREFIX.length);
  if (!node) return no(`unknown node for user ${JSON.stringify(a.user.username)}`);
  const rule = a.isResource ? SUBDIVIDED[a.group ? `${a.group}/${a.resource}` : a.resource] : undefined;
  if (rule) return rule(a, node, view);
  const rules = view.get('rbac.authorization.k8s.io/clusterroles', '', 'system:node')?.rules ?? [];
  return rules.some((r: Obj) => ruleAllows(r, a)) ? allow : no('');
}

type Rule = (a: Attributes, node: string, view: View) => Decision;

/** A read of one named object that a pod of the node refers to. */
const read =
  (refers: (pod: KubeObject, name: string) => boolean): Rule =>
  (a, node, view) => {
    if (!['get', 'list', 'watch'].includes(a.verb)) return no('can only read resources of this type');
    if (a.subresource) return no('cannot read subresource');
    if (!a.namespace) return no('can only read namespaced object of this type');
    if (!a.name) return no('No Object name found');
    return related(a, node, view, refers);
  };

function related(a: Attributes, node: string, view: View, refers: (pod: KubeObject, name: string) => boolean): Decision {
  const found = view.list('pods', a.namespace).some((pod) => pod.spec?.nodeName === node && refers(pod, a.name));
  return found ? allow : no(`no relationship found between node '${node}' and this object`);
}

/** Whether the pod has `name` under one of these keys, anywhere in its spec. */
function mentions(value: unknown, keys: Record<string, string>, name: string): boolean {
  if (Array.isArray(value)) return value.some((item) => mentions(item, keys, name));
  if (value === null || typeof value !== 'object') return false;
  return Object.entries(value).some(([key, child]) => {
    const field = keys[key];
    if (field && child !== null && typeof child === 'object') {
      const refs = Array.isArray(child) ? child : [child];
      if (refs.some((ref: Obj) => ref?.[field] === name)) return true;
    }
    return mentions(child, keys, name);
  });
}

const SECRET_KEYS = { secret: 'secretName', secretRef: 'name', secretKeyRef: 'name', imagePullSecrets: 'name' };
const CONFIG_KEYS = { configMap: 'name', configMapRef: 'name', configMapKeyRef: 'name' };
const secrets = (pod: KubeObject, name: string) =>
  mentions(pod.spec, SECRET_KEYS, name) || mentions(pod.spec, { secret: 'name' }, name);
const runsAs = (pod: KubeObject, name: string) => (pod.spec.serviceAccountName || 'default') === name;

const accounts: Rule = (a, node, view) => {
  if (a.verb === 'get' && !a.subresource) return read(runsAs)(a, node, view);
  if (a.verb !== 'create' || !a.name) return no('can only create tokens for individual service accounts');
  if (a.subresource !== 'token') return no('can only create token subresource of serviceaccount');
  return related(a, node, view, runsAs);
};

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

const leases: Rule = (a, node) => {
  if (!OWN_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (a.namespace !== LEASE_NAMESPACE)
    return no(`can only access leases in the ${JSON.stringify(LEASE_NAMESPACE)} system namespace`);
  if (a.verb !== 'create' && a.name !== node) return no('can only access node lease with the same name as the requesting node');
  return allow;
};

const csiNodes: Rule = (a, node) => {
  if (!OWN_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (a.subresource) return no('cannot authorize CSINode subresources');
  if (a.verb !== 'create' && a.name !== node) return no('can only access CSINode with the same name as the requesting node');
  return allow;
};

const SUBDIVIDED: Record<string, Rule> = {
  secrets: read(secrets),
  configmaps: read((pod, name) => mentions(pod.spec, CONFIG_KEYS, name)),
  persistentvolumeclaims: read((pod, name) => mentions(pod.spec, { persistentVolumeClaim: 'claimName' }, name)),
  serviceaccounts: accounts,
  'coordination.k8s.io/leases': leases,
  'storage.k8s.io/csinodes': csiNodes,
};
