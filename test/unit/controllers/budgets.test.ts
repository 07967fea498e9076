import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import { disruptionController } from '../../../src/controllers/disruption/reconcile.ts';
import { replicaSetController } from '../../../src/controllers/replicaset/reconcile.ts';
import { resourceQuotaController } from '../../../src/controllers/resourcequota/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { pod, replicaSet, runToRest } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';
import { START as NOW } from '../../host/make-registry.ts';

const BUDGETS = 'policy/poddisruptionbudgets';
const budget = (spec: Obj): Obj => ({
  kind: 'PodDisruptionBudget',
  apiVersion: 'policy/v1',
  metadata: { name: 'b' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});
const make = (...objects: Obj[]) => {
  const bench = new ControllerBench([...replicaSetController, ...disruptionController, resourceQuotaController]);
  for (const object of objects) bench.add(object);
  runToRest(bench);
  return bench;
};
const status = (bench: ControllerBench): Obj => bench.get(BUDGETS, 'default', 'b')?.status;

describe('disruption budgets', () => {
  it('[CTL90] allows what healthy pods exceed the minimum by', () => {
    const bench = make(replicaSet('web', { replicas: 4 }), budget({ minAvailable: '50%' }));
    expect(status(bench)).toEqual({
      observedGeneration: 1,
      disruptionsAllowed: 2,
      currentHealthy: 4,
      desiredHealthy: 2,
      expectedPods: 4,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'True',
          observedGeneration: 1,
          lastTransitionTime: rfc3339(NOW),
          reason: 'SufficientPods',
          message: '',
        },
      ],
    });
    bench.edit('apps/replicasets', 'web', (s) => Object.assign(s.spec, { replicas: 2 }));
    runToRest(bench);
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 });
  });

  it('[CTL90] counts maxUnavailable from what should be, and pods that are not ready against it', () => {
    const bench = make(replicaSet('web', { replicas: 3 }), budget({ maxUnavailable: 1 }));
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 1, desiredHealthy: 2 });
    bench.edit('pods', bench.names('pods')[0], (p) => Object.assign(p.status.conditions[0], { status: 'False' }));
    bench.settle();
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2 });
    expect(status(bench).conditions[0]).toMatchObject({ status: 'False', reason: 'InsufficientPods' });
  });

  it('[CTL90] a budget without pods allows nothing; one whose sizes cannot be told is closed', () => {
    expect(status(make(budget({ minAvailable: 0 })))).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0 });
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true };
    const bench = make(budget({ maxUnavailable: 1 }), pod('p', { metadata: { ownerReferences: [owner] } }));
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 0 });
    expect(status(bench).conditions[0]).toMatchObject({ reason: 'SyncFailed', message: 'found no controllers for pod "p"' });
  });

  it('[CTL91] a target of disruption that is gone, or is one no more, leaves no timer', () => {
    const target = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      lastTransitionTime: rfc3339(NOW),
    };
    const bench = make();
    for (const name of ['gone', 'spared']) bench.add(pod(name, { status: { conditions: [target] } }));
    bench.settle();
    expect(bench.timers.size).toBe(2);
    bench.remove('pods', 'gone', { grace: 0 });
    bench.edit('pods', 'spared', (p) => Object.assign(p.status, { conditions: [] }));
    bench.settle();
    expect(bench.timers.size).toBe(0);
  });

  it('[CTL91] a granted eviction counts until its pod goes, or for two minutes', () => {
    const bench = make(replicaSet('web', { replicas: 3 }), budget({ minAvailable: 1 }));
    const [name] = bench.names('pods');
    bench.edit(BUDGETS, 'b', (b) =>
      Object.assign(b.status, { disruptedPods: { [name]: rfc3339(bench.now) }, disruptionsAllowed: 1 }),
    );
    bench.settle();
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 2, disruptedPods: { [name]: rfc3339(NOW) } });
    bench.advance(120_002);
    expect(status(bench)).toMatchObject({ disruptionsAllowed: 2, currentHealthy: 3 });
    expect(status(bench).disruptedPods).toBeUndefined();
    bench.edit('pods', name, (p) =>
      p.status.conditions.push({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        lastTransitionTime: rfc3339(bench.now),
      }),
    );
    bench.advance(119_000);
    expect(bench.get('pods', 'default', name)?.status.conditions[1].status).toBe('True');
    bench.advance(2000);
    expect(bench.get('pods', 'default', name)?.status.conditions[1].status).toBe('False');
  });
});

describe('quotas', () => {
  it('[CTL92] counts pods, their resources and objects, and follows them', () => {
    const hard = {
      pods: '10',
      'requests.cpu': '2',
      'count/configmaps': '5',
      configmaps: '5',
      'count/deployments.apps': '1',
      'example.com/unknown': '1',
    };
    const bench = make(
      { kind: 'ResourceQuota', apiVersion: 'v1', metadata: { name: 'q' }, spec: { hard } },
      pod('a', { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '500m' } } }] } }),
      pod('b', { spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '250m' } } }] } }),
      { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' } },
    );
    const used = () => bench.get('resourcequotas', 'default', 'q')?.status;
    expect(used()).toEqual({
      hard,
      used: { pods: '2', 'requests.cpu': '750m', 'count/configmaps': '1', configmaps: '1', 'count/deployments.apps': '0' },
    });
    bench.edit('pods', 'a', (p) => Object.assign(p.status, { phase: 'Succeeded' }));
    bench.remove('configmaps', 'c');
    bench.settle();
    expect(used()?.used).toMatchObject({ pods: '1', 'requests.cpu': '250m', configmaps: '0' });
  });
});
