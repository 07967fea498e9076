import { describe, expect, it } from 'vitest';
import { ApiFixture } from '../../fixtures/api.ts';

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const BOB = { 'impersonate-user': 'bob' };
const bind = (api: ApiFixture, verb: string, resource: string, name: string) => {
  const rules = [{ apiGroups: [''], resources: [resource], verbs: [verb], resourceNames: [name] }];
  api.ask('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: `${verb}-${name}` }, rules });
  api.ask('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: `${verb}-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${verb}-${name}` },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }],
  });
};

describe('who', () => {
  const api = new ApiFixture();
  const as = (authorization: string) => ({ authorization });

  it('[API1] nobody gets 401', () => {
    for (const url of ['/api', '/api/v1/pods', '/foo', '/']) {
      expect(api.ask('GET', url, undefined, as('')).body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      });
    }
    for (const url of ['/healthz', '/livez', '/readyz', '/version']) {
      expect(api.ask('GET', url, undefined, as('')).status).toBe(200);
      expect(api.ask('GET', url, undefined, as('Bearer nobody')).status).toBe(401);
    }
    expect(api.ask('GET', '/api', undefined, as('Basic YWRtaW4=')).status).toBe(401);
    expect(api.ask('GET', '/api', undefined, as('bearer admin')).status).toBe(200);
  });

  it('[AUTHN1] a token lives until it is revoked or expires', () => {
    const hash = api.hash('short');
    api.credentials.set(hash, { user: { username: 'bob', groups: ['system:masters'] }, expires: api.now + 1000 });
    const ask = () => api.ask('GET', '/api', undefined, as('Bearer short')).status;
    expect(ask()).toBe(200);
    api.now += 1000;
    expect(ask()).toBe(401);
    api.credentials.set(hash, { user: { username: 'bob', groups: ['system:masters'] } });
    expect(ask()).toBe(200);
    api.credentials.delete(hash);
    expect(ask()).toBe(401);
  });

  it('[API30] everybody may ask who they are', () => {
    api.credentials.set(api.hash('eve'), { user: { username: 'eve', groups: [] } });
    const { body } = api.ask('POST', `${AUTHENTICATION}/selfsubjectreviews`, {}, as('Bearer eve'));
    expect(body.status.userInfo).toEqual({ username: 'eve', groups: ['system:authenticated'] });
  });
});

describe('may they', () => {
  it.each([
    ['GET', '/api/v1/nodes', 'nodes is forbidden: User "bob" cannot list resource "nodes" in API group "" at the cluster scope'],
    [
      'GET',
      '/api/v1/namespaces/default/configmaps/x',
      'configmaps "x" is forbidden: User "bob" cannot get resource "configmaps" in API group "" in the namespace "default"',
    ],
    [
      'GET',
      '/apis/apps/v1/namespaces/default/deployments/d/scale',
      'deployments.apps "d" is forbidden: User "bob" cannot get resource "deployments/scale" in API group "apps" in the namespace "default"',
    ],
    [
      'GET',
      '/api/v1/namespaces/nowhere',
      'namespaces "nowhere" is forbidden: User "bob" cannot get resource "namespaces" in API group "" in the namespace "nowhere"',
    ],
    ['GET', '/foo', 'forbidden: User "bob" cannot get path "/foo"'],
    ['GET', '/api/v1/foos', 'foos is forbidden: User "bob" cannot list resource "foos" in API group "" at the cluster scope'],
  ])('[API2] %s %s', (method, url, message) => {
    const { status, body } = new ApiFixture().ask(method, url, undefined, BOB);
    expect(status).toBe(403);
    expect(body).toMatchObject({ reason: 'Forbidden', message });
  });

  it('[API3] impersonation is a right', () => {
    const api = new ApiFixture();
    api.credentials.set(api.hash('bob'), { user: { username: 'bob', groups: [] } });
    const who = (headers: Record<string, string>) =>
      api.ask('POST', `${AUTHENTICATION}/selfsubjectreviews`, {}, { authorization: 'Bearer bob', ...headers });
    const alice = { 'impersonate-user': 'alice' };
    expect(who(alice).body.message).toBe(
      'users "alice" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    bind(api, 'impersonate', 'users', 'alice');
    expect(who(alice).body.status.userInfo).toEqual({ username: 'alice', groups: ['system:authenticated'] });
    expect(who({ ...alice, 'impersonate-group': 'system:masters' }).status).toBe(403);
    expect(who({ 'impersonate-group': 'x' }).body.message).toBe(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
    const scoped = {
      ...alice,
      authorization: 'Bearer admin',
      'impersonate-extra-acme.com%2fproject': 'x',
      'impersonate-extra-keys': 'k',
    };
    expect(who(scoped).body.status.userInfo.extra).toEqual({ 'acme.com/project': ['x'], keys: ['k'] });
    expect(who({ ...alice, 'impersonate-extra-scopes': 'a' }).status).toBe(403);
    const account = { 'impersonate-user': 'system:serviceaccount:default:x', authorization: 'Bearer admin' };
    expect(who(account).body.status.userInfo.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ]);
  });

  it('[API30] access reviews', () => {
    const api = new ApiFixture();
    const ask = (kind: string, spec: object, headers = {}) => api.ask('POST', `${AUTHORIZATION}/${kind}`, { spec }, headers);
    const get = { resourceAttributes: { verb: 'get', resource: 'pods' } };
    expect(ask('selfsubjectaccessreviews', get)).toMatchObject({ status: 201, body: { status: { allowed: true } } });
    expect(ask('selfsubjectaccessreviews', get, BOB).body.status).toEqual({ allowed: false });
    expect(ask('selfsubjectaccessreviews', {}).body).toMatchObject({
      code: 422,
      message:
        '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: ' +
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    });
    const version = { nonResourceAttributes: { path: '/version', verb: 'get' } };
    expect(ask('subjectaccessreviews', version).body.details.causes[0].field).toBe('spec.user');
    expect(ask('subjectaccessreviews', { ...version, user: 'bob', groups: ['system:authenticated'] }).body.status).toEqual({
      allowed: true,
      reason:
        'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
    });
    const local = { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'x' }, user: 'bob' };
    expect(ask('namespaces/default/localsubjectaccessreviews', local).body.message).toContain('must match metadata.namespace');
  });

  it('[API32] the rules that apply', () => {
    const api = new ApiFixture();
    const ask = (spec: object) => api.ask('POST', `${AUTHORIZATION}/selfsubjectrulesreviews`, { spec }, BOB).body;
    expect(ask({}).message).toBe('no namespace on request');
    bind(api, 'get', 'secrets', 'one');
    expect(ask({ namespace: 'default' }).status.resourceRules).toContainEqual({
      verbs: ['get'],
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['one'],
    });
  });
});
