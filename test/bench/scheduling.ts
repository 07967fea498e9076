import { parseArgs } from 'node:util';
import { AttemptScope } from '../../src/lib/ask.ts';
import type { KubeObject, Obj } from '../../src/lib/json.ts';
import { Reconciler } from '../../src/reconcile/reconciler.ts';
import { scheduler } from '../../src/scheduler/controller.ts';
import { Timers } from '../../src/time/timers.ts';
import { seeded } from '../fixtures/prng.ts';
import { RegistryBench } from '../host/make-registry.ts';

/** Writes that one reconcile may make: the bound of a cluster's own turn is larger than any plan of the scheduler. */
const MAX_WRITES = 500;
const ZONES = 3;

const TERM = { labelSelector: { matchLabels: { color: 'green' } }, topologyKey: 'kubernetes.io/hostname' };
const PREFERRED = [{ weight: 1, podAffinityTerm: TERM }];
/** Workloads of upstream's scheduler_perf: SchedulingBasic, SchedulingPodAntiAffinity, SchedulingPreferredPodAffinity. */
const WORKLOADS: Record<string, Obj | undefined> = {
  basic: undefined,
  'required anti-affinity': { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [TERM] } },
  'preferred affinity': { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: PREFERRED } },
};

const nodeOf = (i: number): Obj => {
  const amounts = { cpu: '4', memory: '32Gi', pods: '110' };
  const labels = { 'kubernetes.io/hostname': `node-${i}`, 'topology.kubernetes.io/zone': `zone-${i % ZONES}` };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `node-${i}`, labels },
    spec: {},
    status: { capacity: amounts, allocatable: amounts },
  };
};

const podOf = (name: string, affinity: Obj | undefined): Obj => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { color: 'green' } },
  spec: {
    ...(affinity && { affinity }),
    containers: [
      { name: 'pause', image: 'registry.k8s.io/pause:3.10', resources: { requests: { cpu: '100m', memory: '500Mi' } } },
    ],
  },
});

/** A registry and a reconciler with the scheduler alone: what binds pods in a cluster, without clients, kubelets and watches. */
class Lab {
  readonly bench = new RegistryBench();
  readonly #reconciler: Reconciler;

  constructor(nodes: number) {
    const { bench } = this;
    const timers = new Timers(bench.sql);
    bench.store.keepInStep(timers);
    this.#reconciler = new Reconciler({
      registry: bench.registry,
      view: bench.registry.view,
      sql: bench.sql,
      timers,
      controllers: [scheduler],
      scope: new AttemptScope(seeded(1)),
    });
    this.add('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
    for (let i = 0; i < nodes; i++) this.add('nodes', nodeOf(i));
  }

  add(resource: string, object: Obj): void {
    const kind = this.bench.kind(resource);
    this.bench.registry.create(kind, object as KubeObject, this.bench.options(kind));
  }

  /** Creates pods, and returns the seconds that binding them takes, and those of the processor. */
  bind(prefix: string, pods: number, affinity: Obj | undefined): { seconds: number; processor: number } {
    for (let i = 0; i < pods; i++) this.add('pods', podOf(`${prefix}-${i}`, affinity));
    const start = performance.now();
    const before = process.cpuUsage();
    this.#reconciler.drain(this.bench.now, () => true, MAX_WRITES);
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6 };
  }

  get bound(): number {
    return this.bench.registry.view.list('pods').filter((pod) => pod.spec.nodeName).length;
  }
}

/** `npm run bench:scheduler -- --nodes 5000 --pods 1000`: pods per second, once as many pods are there already. */
function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { nodes: text, pods: text } });
  const nodes = Number(values.nodes ?? 5000);
  const pods = Number(values.pods ?? 1000);
  for (const [name, affinity] of Object.entries(WORKLOADS)) {
    const lab = new Lab(nodes);
    lab.bind('before', pods, affinity);
    const { seconds, processor } = lab.bind('measured', pods, affinity);
    if (lab.bound !== 2 * pods) throw new Error(`${name}: only ${lab.bound} of ${2 * pods} pods are bound`);
    const rate = (per: number) => (pods / per).toFixed(0);
    console.log(`${name}: ${rate(seconds)} pods/s on ${nodes} nodes, ${rate(processor)} per second of processor time`);
  }
}

main();
