import { beforeEach, describe, expect, it } from 'vitest';
import { resourceAttributes } from '../../../src/authz/attributes.ts';
import { Authorizer } from '../../../src/authz/authorizer.ts';
import { compactRules, compactString, type PolicyRule, ruleAllows, uncovered } from '../../../src/authz/rules.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { ApiFixture } from '../../fixtures/api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const API_GROUP = 'rbac.authorization.k8s.io';
let api: ApiFixture;

const bob = { username: 'bob', groups: ['devs', 'system:authenticated'] };
const may = (verb: string, more: Obj = {}, user = bob) =>
  new Authorizer(api.registry.view).authorize(resourceAttributes(user, verb, { resource: 'pods', ...more }));
const role = (name: string, rules: PolicyRule[], namespace?: string) =>
  api.ask('POST', namespace ? `${RBAC}/namespaces/${namespace}/roles` : `${RBAC}/clusterroles`, { metadata: { name }, rules });
const bind = (name: string, kind: string, subjects: Obj[], namespace?: string, headers = {}) =>
  api.ask(
    'POST',
    namespace ? `${RBAC}/namespaces/${namespace}/rolebindings` : `${RBAC}/clusterrolebindings`,
    { metadata: { name }, roleRef: { apiGroup: API_GROUP, kind, name }, subjects },
    headers,
  );
const user = (name: string) => ({ kind: 'User', apiGroup: API_GROUP, name });
const READ: PolicyRule = { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] };

beforeEach(() => {
  api = new ApiFixture();
});

describe('authorization', () => {
  it('[AUTHZ1] superusers', () => {
    expect(may('any', {}, { username: 'x', groups: ['system:masters'] })).toEqual({ verdict: 'allow', reason: '' });
    expect(may('get')).toEqual({ verdict: 'none', reason: '' });
  });

  it('[AUTHZ2] [AUTHZ3] cluster-wide', () => {
    role('read', [READ]);
    bind('read', 'ClusterRole', [user('bob')]);
    const allowed = {
      verdict: 'allow',
      reason: 'RBAC: allowed by ClusterRoleBinding "read" of ClusterRole "read" to User "bob"',
    };
    expect(may('get')).toEqual(allowed);
    expect(may('list', { namespace: 'default' })).toEqual(allowed);
    expect(may('get', { subresource: 'log' })).toEqual(allowed);
    for (const more of [{ subresource: 'exec' }, { group: 'apps' }, { resource: 'secrets' }])
      expect(may('get', more).verdict).toBe('none');
    expect(may('delete').verdict).toBe('none');
    expect(may('get', {}, { username: 'eve', groups: [] }).verdict).toBe('none');
  });

  it('[AUTHZ2] [AUTHZ3] in a namespace', () => {
    role('read', [READ], 'default');
    const account = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' };
    bind('read', 'Role', [{ kind: 'Group', apiGroup: API_GROUP, name: 'devs' }, account], 'default');
    expect(may('get', { namespace: 'default' }).reason).toBe(
      'RBAC: allowed by RoleBinding "read/default" of Role "read" to Group "devs"',
    );
    expect(may('get', { namespace: 'default' }, { username: 'system:serviceaccount:default:robot', groups: [] }).reason).toBe(
      'RBAC: allowed by RoleBinding "read/default" of Role "read" to ServiceAccount "robot/default"',
    );
    expect(may('get', { namespace: 'kube-system' }).verdict).toBe('none');
    expect(may('get').verdict).toBe('none');
  });

  it('[AUTHZ2] changes count at once', () => {
    expect(may('get').verdict).toBe('none');
    role('read', [READ]);
    bind('read', 'ClusterRole', [user('bob')]);
    expect(may('get').verdict).toBe('allow');
    api.ask('PUT', `${RBAC}/clusterroles/read`, { metadata: { name: 'read' }, rules: [] });
    expect(may('get').verdict).toBe('none');
    api.ask('PUT', `${RBAC}/clusterroles/read`, { metadata: { name: 'read' }, rules: [READ] });
    expect(may('get').verdict).toBe('allow');
    api.ask('DELETE', `${RBAC}/clusterrolebindings/read`);
    expect(may('get').verdict).toBe('none');
  });

  it('[AUTHZ3] names roles that are not there', () => {
    bind('lost', 'ClusterRole', [user('bob')]);
    expect(may('get').reason).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "lost" not found');
    bind('gone', 'Role', [user('bob')], 'default');
    expect(may('get', { namespace: 'default' }).reason).toBe(
      'RBAC: [clusterrole.rbac.authorization.k8s.io "lost" not found, role.rbac.authorization.k8s.io "gone" not found]',
    );
    expect(api.ask('GET', '/api/v1/nodes', undefined, { 'impersonate-user': 'bob' }).body.message).toBe(
      'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope: ' +
        'RBAC: clusterrole.rbac.authorization.k8s.io "lost" not found',
    );
  });

  it('[AUTHZ1] nodes see what their pods use', () => {
    const node = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
    const spec = {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', secret: { secretName: 'mine' } }],
    };
    api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    expect(api.ask('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec }).status).toBe(201);
    const ask = (verb: string, more: Obj) => may(verb, more, node);
    expect(ask('get', { resource: 'secrets', namespace: 'default', name: 'mine' }).verdict).toBe('allow');
    expect(ask('get', { resource: 'secrets', namespace: 'default', name: 'other' })).toEqual({
      verdict: 'none',
      reason: "no relationship found between node 'n1' and this object",
    });
    expect(
      ask('create', { resource: 'serviceaccounts', subresource: 'token', namespace: 'default', name: 'default' }).verdict,
    ).toBe('allow');
    const lease = { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' };
    expect(ask('update', { ...lease, name: 'n1' }).verdict).toBe('allow');
    expect(ask('update', { ...lease, name: 'n2' }).verdict).toBe('none');
    expect(ask('update', { resource: 'nodes', subresource: 'status', name: 'n1' }).verdict).toBe('allow');
  });
});

describe('escalation', () => {
  const BOB = { 'impersonate-user': 'bob' };
  const lead = (rest: string) =>
    `user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n${rest}`;

  beforeEach(() => {
    role('admin-rbac', [{ apiGroups: [API_GROUP], resources: ['*'], verbs: ['create', 'update', 'patch', 'get'] }, READ]);
    bind('admin-rbac', 'ClusterRole', [user('bob')]);
  });

  it('[AUTHZ4] of a role', () => {
    const ask = (rules: PolicyRule[], extra = {}) =>
      api.ask('POST', `${RBAC}/clusterroles`, { metadata: { name: 'r' }, rules, ...extra }, BOB);
    expect(ask([{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] }, READ]).body).toMatchObject({
      code: 403,
      message: `clusterroles.rbac.authorization.k8s.io "r" is forbidden: ${lead('{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}')}`,
    });
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    expect(ask([], { aggregationRule }).body.message).toContain('must have cluster-admin privileges to use the aggregationRule');
    expect(ask([READ]).status).toBe(201);
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    expect(api.ask('PUT', `${RBAC}/clusterroles/r`, { metadata: { name: 'r' }, rules }, BOB).status).toBe(403);
  });

  it('[AUTHZ4] of a binding', () => {
    role('held', [READ]);
    role('more', [
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
      { nonResourceURLs: ['/x'], verbs: ['get'] },
    ]);
    expect(bind('held', 'ClusterRole', [user('eve')], 'default', BOB).status).toBe(201);
    const missing = '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}\n{NonResourceURLs:["/x"], Verbs:["get"]}';
    expect(bind('more', 'ClusterRole', [user('eve')], 'default', BOB).body.message).toBe(
      `rolebindings.rbac.authorization.k8s.io "more" is forbidden: ${lead(missing)}`,
    );
    expect(bind('lost', 'ClusterRole', [user('eve')], 'default', BOB)).toMatchObject({
      status: 404,
      body: { message: 'clusterrole.rbac.authorization.k8s.io "lost" not found' },
    });
    role('binder', [{ apiGroups: [API_GROUP], resources: ['clusterroles'], verbs: ['bind'], resourceNames: ['more'] }]);
    bind('binder', 'ClusterRole', [user('bob')]);
    expect(bind('more', 'ClusterRole', [user('eve')], 'default', BOB).status).toBe(201);
  });
});

describe('rules', () => {
  const ask = (rule: PolicyRule, verb: string, more: Obj) =>
    ruleAllows(rule, resourceAttributes(bob, verb, { resource: 'pods', ...more }));

  it('match as upstream', () => {
    const any = { apiGroups: ['*'], verbs: ['*'] };
    expect(ask({ ...any, resources: ['*/scale'] }, 'get', { subresource: 'scale' })).toBe(true);
    expect(ask({ ...any, resources: ['*/scale'] }, 'get', {})).toBe(false);
    expect(ask({ ...any, resources: ['pods'] }, 'get', { subresource: 'log' })).toBe(false);
    expect(ask({ ...any, resources: ['*'] }, 'get', { subresource: 'log' })).toBe(true);
    expect(ask({ ...any, resources: ['pods'], resourceNames: ['a'] }, 'get', { name: 'b' })).toBe(false);
    const url = (rule: string, path: string) =>
      ask({ nonResourceURLs: [rule], verbs: ['get'] }, 'get', { isResource: false, path });
    expect(url('/api/*', '/api/v1')).toBe(true);
    expect(url('/api/*', '/apis')).toBe(false);
    expect(url('*', '/x')).toBe(true);
  });

  it('cover, or leave what is missing', () => {
    const star: PolicyRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
    expect(uncovered([star], [READ])).toEqual([]);
    expect(uncovered([READ], [star])).toHaveLength(1);
    expect(uncovered([READ], [{ ...READ, resourceNames: ['a'] }])).toEqual([]);
    expect(uncovered([{ ...READ, resourceNames: ['a'] }], [READ])).toHaveLength(4);
    expect(compactRules(uncovered([], [READ])).map(compactString)).toEqual([
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
      '{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}',
    ]);
  });
});
