import { expect, it } from 'vitest';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { AttemptScope } from '../../../src/lib/ask.ts';
import { seeded } from '../../fixtures/prng.ts';
import { Timers } from '../../../src/time/timers.ts';
import { makeCluster } from '../../host/make-cluster.ts';

it('[RC16] a signal makes a key dirty: once, late, twice, or for nobody', () => {
  const host = makeCluster({ apiOnly: true });
  const { registry } = host.cluster;
  const seen: string[] = [];
  const reconciler = new Reconciler({
    registry,
    sql: host.sql,
    view: registry.view,
    timers: new Timers(host.sql),
    scope: new AttemptScope(seeded(1)),
    controllers: [
      {
        name: 'outside',
        manager: 'm',
        user: 'u',
        watches: [],
        reconcile: ({ name }) => {
          seen.push(name);
          return { actions: [] };
        },
      },
    ],
  });
  reconciler.drain(host.now);
  expect(reconciler.isDirty).toBe(false);
  for (const name of ['a', 'b', 'a']) reconciler.signal('outside', { namespace: 'default', name });
  reconciler.signal('nobody', { namespace: 'default', name: 'c' });
  expect([reconciler.isDirty, reconciler.isIdle]).toEqual([true, false]);
  reconciler.drain(host.now);
  expect(seen).toEqual(['a', 'b']);
  expect([reconciler.isDirty, reconciler.isIdle]).toEqual([false, true]);
});
