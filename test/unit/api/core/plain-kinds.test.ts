import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../../src/lib/json.ts';
import { type TestCluster, makeCluster } from '../../../host/make-cluster.ts';

const NAMESPACE = '/api/v1/namespaces/default';
let host: TestCluster;
beforeEach(() => {
  host = makeCluster();
});

const create = (resource: string, body: Obj) => host.request('POST', `${NAMESPACE}/${resource}`, body);
const encoded = (text: string) => btoa(text);

describe('Namespace', () => {
  it('carries its name as a label and the finalizer of its content', () => {
    const { metadata, spec, status } = host.request('POST', '/api/v1/namespaces', { metadata: { name: 'x' } }).body;
    expect(metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'x' });
    expect([spec, status]).toEqual([{ finalizers: ['kubernetes'] }, { phase: 'Active' }]);
  });
});

describe('ConfigMap', () => {
  it('has each key once and only good ones', () => {
    const twice = create('configmaps', { metadata: { name: 'c' }, data: { a: 'x' }, binaryData: { a: 'eA==' } });
    expect(twice.body.message).toContain('data[a]: Invalid value: "a": duplicate of key present in binaryData');
    expect(create('configmaps', { metadata: { name: 'c' }, data: { 'a b': '' } }).body.message).toContain('data[a b]: Invalid');
  });

  it('stays as it is once immutable', () => {
    const live = create('configmaps', { metadata: { name: 'c' }, data: { a: '1' }, immutable: true }).body;
    const answer = host.request('PUT', `${NAMESPACE}/configmaps/c`, { ...live, data: { a: '2' } });
    expect(answer.body.message).toBe('ConfigMap "c" is invalid: data: Forbidden: field is immutable when `immutable` is set');
  });
});

describe('Secret', () => {
  it('is Opaque, and stringData goes into data', () => {
    const { type, data, stringData } = create('secrets', {
      metadata: { name: 's' },
      data: { a: encoded('1') },
      stringData: { b: '2' },
    }).body;
    expect([type, data, stringData]).toEqual(['Opaque', { a: encoded('1'), b: encoded('2') }, undefined]);
  });

  it('of a type has what the type wants', () => {
    const answer = create('secrets', { metadata: { name: 's' }, type: 'kubernetes.io/tls', data: { 'tls.crt': '' } });
    expect(answer.body.message).toBe('Secret "s" is invalid: data[tls.key]: Required value');
  });

  it('keeps its type', () => {
    const live = create('secrets', { metadata: { name: 's' } }).body;
    expect(host.request('PUT', `${NAMESPACE}/secrets/s`, { ...live, type: 'x' }).body.message).toBe(
      'Secret "s" is invalid: type: Invalid value: "x": field is immutable',
    );
  });
});

describe('RoleBinding', () => {
  const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';

  it('keeps the role it refers to', () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
    const live = host.request('POST', ROLES, { metadata: { name: 'b' }, roleRef }).body;
    const answer = host.request('PUT', `${ROLES}/b`, { ...live, roleRef: { ...roleRef, name: 'edit' } });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain('cannot change roleRef');
  });
});

describe('PersistentVolumeClaim', () => {
  it('says what may not change, and how it differs', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'x' };
    const live = create('persistentvolumeclaims', { metadata: { name: 'c' }, spec }).body;
    live.spec.storageClassName = 'y';
    const { message } = host.request('PUT', `${NAMESPACE}/persistentvolumeclaims/c`, live).body;
    expect(message).toContain('spec is immutable after creation except resources.requests');
    expect(message).toContain('- "StorageClassName": "x",\n+ "StorageClassName": "y",\n');
  });
});
