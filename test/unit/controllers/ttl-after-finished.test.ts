import { describe, expect, it } from 'vitest';
import { garbageCollector } from '../../../src/controllers/garbage-collector/reconcile.ts';
import { ttlAfterFinished } from '../../../src/controllers/ttl-after-finished/reconcile.ts';
import { rfc3339 } from '../../../src/api/machinery/time.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const JOBS = 'batch/jobs';
const job = (spec: Obj, metadata: Obj = {}): Obj => ({
  kind: 'Job',
  apiVersion: 'batch/v1',
  metadata: { name: 'j', ...metadata },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } }, ...spec },
});

function bench(): ControllerBench {
  const made = new ControllerBench([ttlAfterFinished, garbageCollector]);
  made.now = Math.ceil(made.now / 1000) * 1000;
  return made;
}

function end(made: ControllerBench, type = 'Complete'): void {
  const at = rfc3339(made.now);
  const of = (name: string) => ({ type: name, status: 'True', lastProbeTime: at, lastTransitionTime: at });
  made.edit(JOBS, 'j', (j) => {
    j.status = { startTime: at, ...(type === 'Complete' && { completionTime: at }) };
    j.status.conditions = [of(type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget'), of(type)];
    j.status.uncountedTerminatedPods = {};
  });
  made.settle();
}

describe('TTL after finished', () => {
  it.each(['Complete', 'Failed'])('[CTL150] a Job goes so long after it became %s, in the foreground', (type) => {
    const made = bench();
    const { uid } = made.add(job({ ttlSecondsAfterFinished: 5 })).metadata;
    made.advance(3_600_000);
    end(made, type);
    made.advance(4999);
    expect(made.names(JOBS)).toEqual(['j']);
    made.advance(1);
    expect(made.names(JOBS)).toEqual([]);
    const deletions = made.plans.flatMap(({ controller, plan }) => (controller === 'ttl-after-finished' ? plan.actions : []));
    expect(deletions).toEqual([
      { verb: 'delete', resource: JOBS, namespace: 'default', name: 'j', uid, propagationPolicy: 'Foreground' },
    ]);
  });

  it('[CTL150] at once with a ttl of 0', () => {
    const made = bench();
    made.add(job({ ttlSecondsAfterFinished: 0 }));
    made.advance(1000);
    expect(made.names(JOBS)).toEqual(['j']);
    end(made);
    expect(made.names(JOBS)).toEqual([]);
  });

  it('[CTL151] a changed ttl plans anew, without one the Job stays', () => {
    const made = bench();
    made.add(job({ ttlSecondsAfterFinished: 100 }));
    end(made);
    made.edit(JOBS, 'j', (j) => delete j.spec.ttlSecondsAfterFinished);
    made.advance(200_000);
    expect(made.names(JOBS)).toEqual(['j']);
    made.edit(JOBS, 'j', (j) => Object.assign(j.spec, { ttlSecondsAfterFinished: 300 }));
    made.advance(99_999);
    expect(made.names(JOBS)).toEqual(['j']);
    made.edit(JOBS, 'j', (j) => Object.assign(j.spec, { ttlSecondsAfterFinished: 1 }));
    made.settle();
    expect(made.names(JOBS)).toEqual([]);
  });

  it('[CTL151] one that goes already is left alone', () => {
    const made = bench();
    made.add(job({ ttlSecondsAfterFinished: 0 }, { finalizers: ['example.com/x'] }));
    made.remove(JOBS, 'j');
    end(made);
    made.advance(10_000);
    expect(made.plans.filter(({ controller, plan }) => controller === 'ttl-after-finished' && plan.actions.length)).toEqual([]);
  });
});
