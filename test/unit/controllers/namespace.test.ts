import { describe, expect, it } from 'vitest';
import { namespaceController } from '../../../src/controllers/namespace/reconcile.ts';
import { rootCaPublisher, serviceAccountController } from '../../../src/controllers/serviceaccount/reconcile.ts';
import { active, pod, replicaSet } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const make = () => {
  const bench = new ControllerBench([namespaceController, serviceAccountController, rootCaPublisher(() => 'PEM')]);
  bench.add(active('default'));
  bench.settle();
  return bench;
};

describe('namespace', () => {
  it('[CTL50] empties a namespace and lets it go', () => {
    const bench = make();
    bench.add(active('other'));
    bench.add(replicaSet('web'));
    bench.add({ ...pod('p'), metadata: { name: 'p', namespace: 'other' } });
    bench.remove('namespaces', 'default', { namespace: '' });
    bench.settle();
    expect(bench.get('namespaces', '', 'default')).toBeUndefined();
    expect([...bench.names('apps/replicasets'), ...bench.names('serviceaccounts'), ...bench.names('configmaps')]).toEqual([]);
    expect(bench.names('pods', 'other')).toEqual(['p']);
  });

  it('[CTL51] pods first: the rest stays until the last of them is gone', () => {
    const bench = make();
    bench.add(pod('p', { node: 'n', phase: 'Running' }));
    bench.add(replicaSet('web'));
    bench.remove('namespaces', 'default', { namespace: '' });
    bench.settle();
    expect(bench.get('pods', 'default', 'p')?.metadata.deletionTimestamp).toBeDefined();
    expect(bench.names('apps/replicasets')).toEqual(['web']);
    expect(
      bench
        .get('namespaces', '', 'default')
        ?.status.conditions.map((c: { type: string; status: string }) => `${c.type}=${c.status}`),
    ).toEqual([
      'NamespaceDeletionDiscoveryFailure=False',
      'NamespaceDeletionGroupVersionParsingFailure=False',
      'NamespaceDeletionContentFailure=False',
      'NamespaceContentRemaining=False',
      'NamespaceFinalizersRemaining=False',
    ]);
    bench.remove('pods', 'p', { grace: 0 });
    bench.settle();
    expect(bench.get('namespaces', '', 'default')).toBeUndefined();
  });

  it('[CTL52] says what finalizers hold, and waits for them', () => {
    const bench = make();
    bench.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'held', finalizers: ['example.com/x'] } });
    bench.remove('namespaces', 'default', { namespace: '' });
    bench.settle();
    const conditions = bench.get('namespaces', '', 'default')?.status.conditions;
    expect(conditions[3]).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: configmaps. has 1 resource instances',
    });
    expect(conditions[4]).toMatchObject({
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
    });
    bench.edit('configmaps', 'held', (c) => {
      delete c.metadata.finalizers;
    });
    bench.settle();
    expect(bench.get('namespaces', '', 'default')).toBeUndefined();
  });

  it('[CTL53] a foreign finalizer of the namespace itself is left in place', () => {
    const bench = make();
    bench.edit('namespaces', 'default', (n) => Object.assign(n.spec, { finalizers: ['kubernetes', 'example.com/mine'] }), '');
    bench.remove('namespaces', 'default', { namespace: '' });
    bench.settle();
    expect(bench.get('namespaces', '', 'default')?.spec.finalizers).toEqual(['example.com/mine']);
  });
});

describe('service accounts and the root CA', () => {
  it('[CTL54] every active namespace has both, again after their deletion', () => {
    const bench = make();
    expect(bench.get('serviceaccounts', 'default', 'default')).toBeDefined();
    expect(bench.get('configmaps', 'default', 'kube-root-ca.crt')).toMatchObject({
      metadata: { annotations: { 'kubernetes.io/description': expect.stringContaining('Contains a CA bundle') } },
      data: { 'ca.crt': 'PEM' },
    });
    bench.remove('serviceaccounts', 'default');
    bench.remove('configmaps', 'kube-root-ca.crt');
    bench.settle();
    expect(bench.names('serviceaccounts')).toEqual(['default']);
    expect(bench.names('configmaps')).toEqual(['kube-root-ca.crt']);
  });

  it('[CTL54] restores the text of the root CA', () => {
    const bench = make();
    bench.edit('configmaps', 'kube-root-ca.crt', (c) => Object.assign(c, { data: { x: 'y' } }));
    bench.settle();
    expect(bench.get('configmaps', 'default', 'kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'PEM' });
  });
});
