import { describe, expect, it } from 'vitest';
import { namespaceController } from '../../../src/controllers/namespace/reconcile.ts';
import { rootCaPublisher, serviceAccountController } from '../../../src/controllers/serviceaccount/reconcile.ts';
import { active, pod, replicaSet } from '../../fixtures/workloads.ts';
import { World } from '../../fixtures/world.ts';

const make = () => {
  const world = new World([namespaceController, serviceAccountController, rootCaPublisher(() => 'PEM')]);
  world.add(active('default'));
  world.settle();
  return world;
};

describe('namespace', () => {
  it('[CTL50] empties a namespace and lets it go', () => {
    const world = make();
    world.add(active('other'));
    world.add(replicaSet('web'));
    world.add({ ...pod('p'), metadata: { name: 'p', namespace: 'other' } });
    world.remove('namespaces', 'default', { namespace: '' });
    world.settle();
    expect(world.get('namespaces', '', 'default')).toBeUndefined();
    expect([...world.names('apps/replicasets'), ...world.names('serviceaccounts'), ...world.names('configmaps')]).toEqual([]);
    expect(world.names('pods', 'other')).toEqual(['p']);
  });

  it('[CTL51] pods first: the rest stays until the last of them is gone', () => {
    const world = make();
    world.add(pod('p', { node: 'n', phase: 'Running' }));
    world.add(replicaSet('web'));
    world.remove('namespaces', 'default', { namespace: '' });
    world.settle();
    expect(world.get('pods', 'default', 'p')?.metadata.deletionTimestamp).toBeDefined();
    expect(world.names('apps/replicasets')).toEqual(['web']);
    expect(
      world
        .get('namespaces', '', 'default')
        ?.status.conditions.map((c: { type: string; status: string }) => `${c.type}=${c.status}`),
    ).toEqual([
      'NamespaceDeletionDiscoveryFailure=False',
      'NamespaceDeletionGroupVersionParsingFailure=False',
      'NamespaceDeletionContentFailure=False',
      'NamespaceContentRemaining=False',
      'NamespaceFinalizersRemaining=False',
    ]);
    world.remove('pods', 'p', { grace: 0 });
    world.settle();
    expect(world.get('namespaces', '', 'default')).toBeUndefined();
  });

  it('[CTL52] says what finalizers hold, and waits for them', () => {
    const world = make();
    world.add({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'held', finalizers: ['example.com/x'] } });
    world.remove('namespaces', 'default', { namespace: '' });
    world.settle();
    const conditions = world.get('namespaces', '', 'default')?.status.conditions;
    expect(conditions[3]).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: configmaps. has 1 resource instances',
    });
    expect(conditions[4]).toMatchObject({
      reason: 'SomeFinalizersRemain',
      message: 'Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances',
    });
    world.edit('configmaps', 'held', (c) => {
      delete c.metadata.finalizers;
    });
    world.settle();
    expect(world.get('namespaces', '', 'default')).toBeUndefined();
  });

  it('[CTL53] a foreign finalizer of the namespace itself is left in place', () => {
    const world = make();
    world.edit('namespaces', 'default', (n) => Object.assign(n.spec, { finalizers: ['kubernetes', 'mine'] }), '');
    world.remove('namespaces', 'default', { namespace: '' });
    world.settle();
    expect(world.get('namespaces', '', 'default')?.spec.finalizers).toEqual(['mine']);
  });
});

describe('service accounts and the root CA', () => {
  it('[CTL54] every active namespace has both, again after their deletion', () => {
    const world = make();
    expect(world.get('serviceaccounts', 'default', 'default')).toBeDefined();
    expect(world.get('configmaps', 'default', 'kube-root-ca.crt')).toMatchObject({
      metadata: { annotations: { 'kubernetes.io/description': expect.stringContaining('Contains a CA bundle') } },
      data: { 'ca.crt': 'PEM' },
    });
    world.remove('serviceaccounts', 'default');
    world.remove('configmaps', 'kube-root-ca.crt');
    world.settle();
    expect(world.names('serviceaccounts')).toEqual(['default']);
    expect(world.names('configmaps')).toEqual(['kube-root-ca.crt']);
  });

  it('[CTL54] restores the text of the root CA', () => {
    const world = make();
    world.edit('configmaps', 'kube-root-ca.crt', (c) => Object.assign(c, { data: { x: 'y' } }));
    world.settle();
    expect(world.get('configmaps', 'default', 'kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'PEM' });
  });
});
