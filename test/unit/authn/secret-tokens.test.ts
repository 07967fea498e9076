import { beforeEach, describe, expect, it } from 'vitest';
import { parseJwt } from '../../../src/authn/jwt.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const INVALID = 'kubernetes.io/legacy-token-invalid-since';
let host: TestCluster;

const use = (token: string) =>
  host.do(
    'POST',
    WHOAMI,
    { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
    { authorization: `Bearer ${token}` },
  );
const patch = (url: string, body: Obj) => host.do('PATCH', url, body, { 'content-type': 'application/merge-patch+json' });
const secret = () => host.do('GET', `${NAMESPACE}/secrets/t`).body;

describe('tokens of token Secrets', () => {
  let token: string;
  let uid: string;
  beforeEach(() => {
    host = makeCluster({ nodes: 0 });
    uid = host.do('POST', `${NAMESPACE}/serviceaccounts`, { metadata: { name: 'robot' } }).body.metadata.uid;
    const annotations = { 'kubernetes.io/service-account.name': 'robot' };
    host.do('POST', `${NAMESPACE}/secrets`, {
      metadata: { name: 't', annotations },
      type: 'kubernetes.io/service-account-token',
    });
    token = atob(secret().data.token);
  });

  it('[AUTHN9] are somebody for ever, and note the day of their use once', () => {
    expect(parseJwt(token)?.claims).toEqual({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:default:robot',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': 't',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': uid,
    });
    expect(secret().metadata.labels).toBeUndefined();
    host.now += 3000 * 86_400_000;
    const groups = ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'];
    expect(use(token).body.status.userInfo).toEqual({ username: 'system:serviceaccount:default:robot', uid, groups });
    const { metadata } = secret();
    expect(metadata.labels).toEqual({ 'kubernetes.io/legacy-token-last-used': '2034-03-20' });
    use(token);
    expect(secret().metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('[AUTHN9] end with their Secret, their account, or their text there', () => {
    patch(`${NAMESPACE}/secrets/t`, { data: { token: btoa('another') } });
    expect(use(token).status).toBe(401);
    patch(`${NAMESPACE}/secrets/t`, { data: { token: btoa(token) } });
    expect(use(token).status).toBe(201);
    host.do('DELETE', `${NAMESPACE}/serviceaccounts/robot`);
    expect(use(token).status).toBe(401);
  });

  it('[AUTHN9] are not of another account of that name', () => {
    host.do('DELETE', `${NAMESPACE}/serviceaccounts/robot`, undefined);
    host.do('POST', `${NAMESPACE}/serviceaccounts`, { metadata: { name: 'robot' } });
    host.do('POST', `${NAMESPACE}/secrets`, { metadata: { name: 't' }, type: 'Opaque', data: { token: btoa(token) } });
    expect(secret().data).toEqual({ token: btoa(token) });
    expect(use(token).status).toBe(401);
  });

  it('[AUTHN9] end when the deletion of their Secret begins', () => {
    patch(`${NAMESPACE}/secrets/t`, { metadata: { finalizers: ['example.com/held'] } });
    expect(use(token).status).toBe(201);
    host.do('DELETE', `${NAMESPACE}/secrets/t`);
    expect(secret().metadata.deletionTimestamp).toBeDefined();
    expect(use(token).status).toBe(401);
  });

  it('[AUTHN9] marked invalid they are refused; listed by the account they warn', () => {
    patch(`${NAMESPACE}/secrets/t`, { metadata: { labels: { [INVALID]: '2026-01-01' } } });
    expect(use(token).status).toBe(401);
    patch(`${NAMESPACE}/secrets/t`, { metadata: { labels: { [INVALID]: null } } });
    expect(use(token).headers.warning).toBeUndefined();
    patch(`${NAMESPACE}/serviceaccounts/robot`, { secrets: [{ name: 't' }] });
    expect(use(token).headers.warning).toMatch(/Use tokens from the TokenRequest API/);
  });
});

describe('bootstrap tokens', () => {
  const add = (more: Obj = {}, type = 'bootstrap.kubernetes.io/token') => {
    host = makeCluster({ nodes: 0 });
    const stringData = {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...more,
    };
    host.do('POST', '/api/v1/namespaces/kube-system/secrets', { metadata: { name: 'bootstrap-token-abcdef' }, type, stringData });
  };
  const TOKEN = 'abcdef.0123456789abcdef';

  it('[AUTHN10] are bootstrappers, of further groups too', () => {
    add({ 'auth-extra-groups': 'system:bootstrappers:worker' });
    const groups = ['system:bootstrappers', 'system:bootstrappers:worker', 'system:authenticated'];
    expect(use(TOKEN).body.status.userInfo).toEqual({ username: 'system:bootstrap:abcdef', groups });
    expect(use('abcdef.0123456789abcdeg').status).toBe(401);
    expect(use('abcdeg.0123456789abcdef').status).toBe(401);
  });

  it('[AUTHN10] count until they expire, and as long as their Secret is one of bootstrap tokens', () => {
    add({ expiration: '2026-01-01T01:00:00Z' });
    expect(use(TOKEN).status).toBe(201);
    host.now = Date.UTC(2026, 0, 1, 1);
    expect(use(TOKEN).status).toBe(401);
    add({}, 'Opaque');
    expect(use(TOKEN).status).toBe(401);
  });

  it('[AUTHN10] are for the API server alone', () => {
    add();
    const review = (audiences: string[]) =>
      host.do('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: TOKEN, audiences },
      }).body.status;
    expect(review([]).user.username).toBe('system:bootstrap:abcdef');
    expect(review(['elsewhere']).authenticated).toBeFalsy();
  });

  it.each([
    ['not for authentication', { 'usage-bootstrap-authentication': 'false' }],
    ['of groups of others', { 'auth-extra-groups': 'system:masters' }],
    ['of another id', { 'token-id': 'ghijkl' }],
  ])('[AUTHN10] count for nothing: %s', (_, more) => {
    add(more);
    expect(use(TOKEN).status).toBe(401);
  });
});
