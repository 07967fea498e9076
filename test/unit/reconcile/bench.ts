import { AttemptScope } from '../../../src/lib/ask.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { seeded } from '../../fixtures/prng.ts';
import { byObject, type Controller, type Key, type Plan } from '../../../src/reconcile/plan.ts';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { Timers } from '../../../src/time/timers.ts';
import { makeCluster } from '../../host/make-cluster.ts';

export const NOW = Date.UTC(2026, 0, 1);
export const configMap = (name: string, data?: Obj): Obj => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  ...(data && { data }),
});

/** A cluster without controllers of its own, and a reconciler with those of the test over it. */
export function bench(...controllers: Partial<Controller>[]) {
  const host = makeCluster({ apiOnly: true, now: NOW });
  const { registry } = host.cluster;
  const timers = new Timers(host.sql);
  const make = () =>
    new Reconciler({
      registry,
      view: registry.view,
      sql: host.sql,
      timers,
      scope: new AttemptScope(seeded(1)),
      controllers: controllers.map((c, i) => ({
        name: `c${i}`,
        manager: 'm',
        user: 'system:serviceaccount:kube-system:c',
        watches: [byObject('configmaps')],
        reconcile: () => ({ actions: [] }),
        ...c,
      })),
    });
  const put = (name: string, data?: Obj) => {
    const url = '/api/v1/namespaces/default/configmaps';
    const answer = host.request('POST', url, configMap(name, data));
    if (answer.status === 409) host.request('PUT', `${url}/${name}`, configMap(name, data));
  };
  const first = make();
  first.drain(NOW);
  return {
    host,
    registry,
    timers,
    make,
    put,
    reconciler: first,
    data: (name: string) => registry.object('configmaps', 'default', name)?.data,
  };
}

/** A controller that notes its keys and answers with what `plan` says. */
export function noting(plan: (key: Key, now: number) => Plan = () => ({ actions: [] })): {
  seen: string[];
  controller: Partial<Controller>;
} {
  const seen: string[] = [];
  return {
    seen,
    controller: {
      reconcile: (key, _, { now }) => {
        if (key.namespace !== 'default') return { actions: [] };
        seen.push(key.name);
        return plan(key, now);
      },
    },
  };
}
