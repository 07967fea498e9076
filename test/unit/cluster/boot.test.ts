import { describe, expect, it } from 'vitest';
import { makeCluster } from '../../host/make-cluster.ts';

const URL = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const PEM = '-----BEGIN CERTIFICATE-----\nMIID"\\\n-----END CERTIFICATE-----\n';

describe('a new cluster', () => {
  it('tells extension servers by which CA it knows its clients', () => {
    const { body } = makeCluster({ apiOnly: true, caPem: PEM }).do('GET', URL);
    expect(body.data).toEqual({ 'client-ca-file': PEM });
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

  it('that has no CA of its own says nothing of one', () => {
    const { body } = makeCluster({ apiOnly: true, caPem: undefined }).do('GET', URL);
    expect(body.data).toBeUndefined();
    expect(body.metadata.managedFields).toBeUndefined();
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
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
