import { AttemptScope } from '../../../src/lib/ask.ts';
import { describe, expect, it } from 'vitest';
import { type Controller, byObject } from '../../../src/reconcile/plan.ts';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { seeded } from '../../fixtures/prng.ts';
import { Timers } from '../../../src/time/timers.ts';
import { makeCluster } from '../../host/make-cluster.ts';

describe('mappings', () => {
  it('[RC13] of every resource see all but what they leave out, in the order of the controllers', () => {
    const order: string[] = [];
    const controller = (name: string, resource: string, except?: string[]): Controller => ({
      name,
      manager: 'm',
      user: 'system:serviceaccount:kube-system:c',
      watches: [{ ...byObject(resource), ...(except && { except }) }],
      reconcile: (key) => {
        if (['a', 'b'].includes(key.name)) order.push(`${name} ${key.name}`);
        return { actions: [] };
      },
    });
    const host = makeCluster({ apiOnly: true });
    const { registry } = host.cluster;
    const controllers = [controller('first', '*'), controller('named', 'configmaps'), controller('last', '*', ['secrets'])];
    const make = () =>
      new Reconciler({
        registry,
        view: registry.view,
        sql: host.sql,
        timers: new Timers(host.sql),
        scope: new AttemptScope(seeded(1)),
        controllers,
      });
    const reconciler = make();
    const add = (plural: string, kind: string, name: string) =>
      host.request('POST', `/api/v1/namespaces/default/${plural}`, { apiVersion: 'v1', kind, metadata: { name } });
    add('configmaps', 'ConfigMap', 'a');
    add('secrets', 'Secret', 'b');
    reconciler.drain(host.now);
    const seen = ['first a', 'named a', 'last a', 'first b'];
    expect(order).toEqual(seen);
    order.length = 0;
    const again = make();
    again.resync();
    again.drain(host.now);
    expect(order.sort()).toEqual(seen.sort());
  });
});
