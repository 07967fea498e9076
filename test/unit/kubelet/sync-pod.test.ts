import { describe, expect, it } from 'vitest';
import { kubelet } from '../../../src/kubelet/controller.ts';
import { virtualNodes } from '../../../src/kubelet/node.ts';
import type { ContainerObservation, Observation, PodOnNode, Runtime, RuntimeAction } from '../../../src/kubelet/runtime.ts';
import { syncPod } from '../../../src/kubelet/sync-pod.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { simulated } from '../../../src/runtimes/simulated/runtime.ts';
import { makePod } from '../../fixtures/workloads.ts';
import { nodeBench, START } from '../../host/node-bench.ts';

const PLACE = { hostIP: '10.0.0.1', podIP: '10.240.0.1', now: START };
const running = (attempt = 0, isReady = true): ContainerObservation => ({
  image: { state: 'present', pulledInMs: 0 },
  process: { state: 'running', attempt, startedAt: START, isReady },
});
const exited = (exitCode: number): ContainerObservation => ({
  image: { state: 'present', pulledInMs: 0 },
  process: { state: 'exited', attempt: 0, startedAt: START, finishedAt: START + 1000, exitCode },
});
const seen = (containers: Record<string, ContainerObservation>): Observation => ({ containers, isStopped: false });

/** A pod that has been shown what its runtime knew, step by step. */
function shown(spec: Obj, ...observations: Observation[]): KubeObject {
  const pod = makePod('a', { nodeName: 'node-0', restartPolicy: 'Always', ...spec }, { uid: 'u', generation: 1 }) as KubeObject;
  for (const observation of observations) pod.status = syncPod(pod, observation, START).status?.(PLACE) ?? pod.status;
  return pod;
}

describe('a step of a pod', () => {
  const two = { containers: [{ name: 'c' }, { name: 'd' }].map((c) => ({ ...c, image: 'nginx' })) };

  it('[KUB3] is a pure function: the same pod, observation and time give the same, and change none of them', () => {
    const pod = shown(two, seen({ c: running(), d: running() }));
    const observation = seen({ c: exited(1), d: running() });
    const before = JSON.stringify([pod, observation]);
    const plan = () => {
      const { status, ...rest } = syncPod(pod, observation, START + 2000);
      return { ...rest, status: status?.({ ...PLACE, now: START + 2000 }) };
    };
    expect(plan()).toEqual(plan());
    expect(JSON.stringify([pod, observation])).toBe(before);
  });

  it('[KUB3] looks at each container for itself', () => {
    const pod = shown(two, seen({ c: running(), d: running(0, false) }));
    expect(pod.status?.conditions.find((c: Obj) => c.type === 'Ready')).toMatchObject({ status: 'False' });
    const crashed = shown(
      { ...two, restartPolicy: 'Never' },
      seen({ c: running(), d: running() }),
      seen({ c: exited(1), d: running() }),
    );
    expect(crashed.status?.phase).toBe('Running');
    expect(crashed.status?.containerStatuses.map((c: Obj) => Object.keys(c.state)[0])).toEqual(['terminated', 'running']);
    const all = shown(
      { ...two, restartPolicy: 'Never' },
      seen({ c: running(), d: running() }),
      seen({ c: exited(1), d: exited(0) }),
      seen({ c: exited(1), d: exited(0) }),
    );
    expect(all.status?.phase).toBe('Failed');
  });

  it('[KUB11] a process that its runtime has lost ended with 137', () => {
    const pod = shown({}, seen({ c: running() }), seen({}));
    expect(pod.status?.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 137, reason: 'ContainerStatusUnknown' });
    expect(syncPod(pod, seen({}), START).status?.(PLACE).containerStatuses[0].state.waiting.reason).toBe('CrashLoopBackOff');
  });
});

describe('which runtime executes a pod', () => {
  /** Says of which pods it was asked. */
  class Noting implements Runtime {
    readonly asked = new Set<string>();
    observe(on: PodOnNode, now: number): Observation {
      this.asked.add(on.pod.metadata.name);
      return simulated.observe(on, now);
    }
    apply(on: PodOnNode, actions: readonly RuntimeAction[], now: number): Observation {
      return simulated.apply(on, actions, now);
    }
    remove(): void {}
  }

  it("is the handler's of its RuntimeClass, else its node's, else the default", () => {
    const [first, sandbox, isolate] = [new Noting(), new Noting(), new Noting()];
    const byHandler = new Map([
      ['sandbox', sandbox],
      ['isolate', isolate],
    ]);
    const bench = nodeBench({ nodes: virtualNodes(2, START), controllers: [kubelet({ default: first, byHandler })] });
    bench.edit('nodes', 'node-1', (node) => Object.assign(node.metadata.annotations, { 'atoll.dev/runtime': 'isolate' }));
    for (const [name, handler] of Object.entries({ boxed: 'sandbox', unknown: 'nobody', odd: 'constructor' }))
      bench.add({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler });
    bench.add(makePod('plain', { nodeName: 'node-0' }));
    bench.add(makePod('boxed', { nodeName: 'node-1', runtimeClassName: 'boxed' }));
    bench.add(makePod('unknown', { nodeName: 'node-0', runtimeClassName: 'unknown' }));
    bench.add(makePod('odd', { nodeName: 'node-0', runtimeClassName: 'odd' }));
    bench.add(makePod('isolated', { nodeName: 'node-1' }));
    bench.settle();
    expect([...first.asked].sort()).toEqual(['odd', 'plain', 'unknown']);
    expect([...sandbox.asked]).toEqual(['boxed']);
    expect([...isolate.asked]).toEqual(['isolated']);
    expect(bench.pods().every((pod) => pod.status?.phase === 'Running')).toBe(true);
  });
});
