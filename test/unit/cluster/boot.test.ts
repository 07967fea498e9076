import { Unanswered } from '../../../src/lib/ask.ts';
import { certificateOf } from '../../../src/lib/x509/certificate.ts';
import { getMeta } from '../../../src/store/schema.ts';
import { describe, expect, it } from 'vitest';
import { makeCluster } from '../../host/make-cluster.ts';

const URL = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const PEM = '-----BEGIN CERTIFICATE-----\nMIID"\\\n-----END CERTIFICATE-----\n';

describe('a new cluster', () => {
  it('tells extension servers by which CA it knows its clients', () => {
    const host = makeCluster({ apiOnly: true, caPem: PEM });
    const { body } = host.do('GET', URL);
    expect(certificateOf(body.data['client-ca-file'])?.subject.commonName).toBe('kubernetes');
    expect(body.data).toEqual({ 'client-ca-file': getMeta(host.sql, 'ca.crt') });
    expect(body.metadata.managedFields).toEqual([
      {
        manager: 'kube-apiserver',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:client-ca-file': {} } },
      },
    ]);
  });
});

describe('the bootstrap objects', () => {
  it('leave controllers nothing to do but with namespaces: looking at all of them again changes nothing', () => {
    const host = makeCluster();
    const { reconciler, registry } = host.cluster;
    const revision = registry.store.revision();
    reconciler.resync();
    host.settle();
    expect(registry.store.revision()).toBe(revision);
  });
});

it('the binding of a role is as a client would make it, and no admission plugin keeps it from being made', () => {
  const host = makeCluster({ apiOnly: true });
  const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const { review } = host.cluster.limits;
  host.cluster.limits.review = () => {
    throw new Unanswered([{ method: 'POST', url: 'https://hook.example.org/' }]);
  };
  host.cluster.issue({ id: 'v', username: 'viewer', role: 'view' }, host.now);
  host.cluster.limits.review = review;
  const made = host.request('GET', `${BINDINGS}/atoll:view`).body;
  expect(made.metadata.managedFields).toHaveLength(1);
  const { metadata: _, ...rest } = made;
  const like = host.request('POST', `${BINDINGS}?fieldManager=atoll`, { ...rest, metadata: { name: 'like' } }).body;
  const { uid, resourceVersion } = made.metadata;
  expect(JSON.stringify({ ...like, metadata: { ...like.metadata, name: 'atoll:view', uid, resourceVersion } })).toBe(
    JSON.stringify(made),
  );
});
