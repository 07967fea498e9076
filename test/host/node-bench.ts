import { kubelet as kubeletOver } from '../../src/kubelet/controller.ts';
import { virtualNodes } from '../../src/kubelet/node.ts';
import type { KubeObject } from '../../src/lib/json.ts';
import type { Controller } from '../../src/reconcile/plan.ts';
import type { Admission } from '../../src/registry/ports.ts';
import { simulated } from '../../src/runtimes/simulated/runtime.ts';
import { scheduler } from '../../src/scheduler/controller.ts';
import { ControllerBench } from './controller-bench.ts';

export const kubelet = kubeletOver({ default: simulated, byHandler: new Map() });
export const START = Date.UTC(2026, 0, 1, 12);

export interface NodeBenchOptions {
  nodes?: KubeObject[];
  controllers?: Controller[];
  review?: Admission['review'];
}

/** A bench whose controllers are scheduler and kubelet, with three nodes. */
export function nodeBench({
  nodes = virtualNodes(3, START),
  controllers = [scheduler, kubelet],
  review,
}: NodeBenchOptions = {}): ControllerBench {
  const bench = new ControllerBench(controllers, { now: START, ...(review && { review }) });
  for (const name of ['default', 'kube-node-lease']) bench.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const node of nodes) bench.add(node);
  bench.settle();
  return bench;
}
