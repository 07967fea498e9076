import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Controller } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { selectorMatcher } from '../shared/selector.ts';

const ROLES = 'rbac.authorization.k8s.io/clusterroles';

/** Fills ClusterRoles with the rules of the ClusterRoles that they select (pkg/controller/clusterroleaggregation). */
export const clusterRoleAggregation: Controller = {
  name: 'clusterrole-aggregation',
  manager: 'clusterrole-aggregation-controller',
  user: 'system:serviceaccount:kube-system:clusterrole-aggregation-controller',
  watches: [
    { resource: ROLES, keys: (_, view) => aggregated(view).map((role) => ({ namespace: '', name: role.metadata.name })) },
  ],
  reconcile: (key, view) => {
    const role = view.get(ROLES, '', key.name);
    const selectors: Obj[] | undefined = role?.aggregationRule?.clusterRoleSelectors;
    if (!role || !selectors) return { actions: [] };
    const rules = collect(role, selectors, view);
    if (equal(rules, role.rules ?? [])) return { actions: [] };
    return { actions: [{ verb: 'update', resource: ROLES, object: { ...role, rules: rules.length ? rules : null } }] };
  },
};

const aggregated = (view: View): KubeObject[] => view.list(ROLES).filter((role) => role.aggregationRule);

function collect(role: KubeObject, selectors: Obj[], view: View): Obj[] {
  const rules: Obj[] = [];
  for (const match of selectors.map(selectorMatcher)) {
    for (const other of view.list(ROLES)) {
      if (other.metadata.name === role.metadata.name || !match(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) if (!rules.some((known) => equal(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
