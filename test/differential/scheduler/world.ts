import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import { Chance } from '../../fuzz/chance.ts';
import { TEAMS, volumesOf } from './world-parts.ts';
import { podOf } from './world-pods.ts';

/** One thing that happens to a world, after which both schedulers are left to come to rest. */
export type Step =
  | { op: 'create'; object: KubeObject }
  | { op: 'replace'; object: KubeObject }
  | { op: 'delete'; object: KubeObject };

/** Objects that are there at first, in the order in which they are created, and what happens then. */
export interface World {
  seed: number;
  objects: KubeObject[];
  steps: Step[];
}

const ZONES = ['a', 'b', 'c'];
const MB = 1024 * 1024;
/** Megabytes of images: one size everywhere, since upstream counts the first that it hears of. */
const IMAGES: Record<string, number> = { a: 10, b: 100, c: 400, e: 900 };
const NO_EXECUTE = { key: 'dedicated', value: 'b', effect: 'NoExecute' };

/** A node with some of everything that plugins look at. */
function nodeOf(chance: Chance, name: string, rich: boolean): KubeObject {
  const zone = chance.pick(ZONES);
  const labels: Record<string, string> = { 'kubernetes.io/os': 'linux' };
  if (!chance.maybe(0.05)) labels['kubernetes.io/hostname'] = name;
  if (!chance.maybe(0.1)) labels['topology.kubernetes.io/zone'] = zone;
  if (!chance.maybe(0.1)) labels['topology.kubernetes.io/region'] = zone === 'c' ? 'west' : 'east';
  if (chance.maybe(0.6)) labels.disk = chance.pick(['ssd', 'hdd']);
  if (chance.maybe(0.4)) labels.size = String(chance.int(5));
  if (chance.maybe(0.2)) labels.rack = chance.pick(['r1', 'r2']);
  const taints: Obj[] = [];
  if (chance.maybe(0.2)) taints.push({ key: 'dedicated', value: chance.pick(['a', 'b']), effect: 'NoSchedule' });
  if (chance.maybe(0.15)) taints.push({ key: 'slow', effect: 'PreferNoSchedule' });
  if (chance.maybe(0.05)) taints.push(NO_EXECUTE);
  const unschedulable = chance.maybe(0.08);
  if (unschedulable && chance.maybe(0.7)) taints.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  const allocatable: Record<string, string> = {
    cpu: chance.pick(['1', '2', '4', '3500m']),
    memory: chance.pick(['2Gi', '4Gi', '8Gi', '7900Mi']),
    pods: chance.pick(['2', '4', '10', '110']),
    ...(chance.maybe(0.8) && { 'ephemeral-storage': chance.pick(['5Gi', '20Gi']) }),
    ...(chance.maybe(0.3) && { 'example.com/gpu': chance.pick(['0', '1', '4']) }),
    ...(rich && chance.maybe(0.2) && { 'hugepages-2Mi': '64Mi' }),
  };
  const images = chance.some(Object.keys(IMAGES), rich ? 0.4 : 0).map((image) => ({
    names: [`registry.example/${image}:1`, `registry.example/${image}@sha256:${image.repeat(64)}`],
    sizeBytes: IMAGES[image] * MB,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels } as KubeObject['metadata'],
    spec: { ...(taints.length && { taints }), ...(unschedulable && { unschedulable }) },
    status: { capacity: allocatable, allocatable, ...(images.length && { images }) },
  };
}

/** A budget over some of the pods, and what it allows at the moment. */
function budgetOf(chance: Chance, name: string): KubeObject {
  const allowed = chance.int(2);
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace: chance.pick(TEAMS) } as KubeObject['metadata'],
    spec: { minAvailable: 1, selector: chance.maybe(0.1) ? {} : { matchLabels: { app: chance.pick(['web', 'db']) } } },
    status: {
      disruptionsAllowed: allowed,
      currentHealthy: 1 + allowed,
      desiredHealthy: 1,
      expectedPods: 2,
      observedGeneration: 1,
    },
  };
}

const serviceOf = (namespace: string, app: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: app, namespace } as KubeObject['metadata'],
  spec: { selector: { app }, ports: [{ port: 80 }], clusterIP: 'None' },
});

/** A pod that runs: its node is given, its start is unlike any other's, so that the choice of victims is no matter of chance. */
function boundPod(chance: Chance, i: number, seed: number, node: string): KubeObject {
  const pod = podOf(chance, `b${seed}-${i}`, 0.12);
  pod.spec.nodeName = node;
  delete pod.spec.schedulingGates;
  delete pod.spec.volumes;
  delete pod.spec.schedulerName;
  const startTime = new Date(Date.UTC(2026, 0, 1) + (i * 37 + chance.int(30)) * 1000).toISOString().replace('.000', '');
  pod.status = { phase: chance.maybe(0.06) ? chance.pick(['Succeeded', 'Failed']) : 'Running', startTime };
  return pod;
}

/** What happens once all pods were tried: something that may help one of them. */
function disturbance(chance: Chance, world: World, nodes: KubeObject[], pods: KubeObject[]): Step {
  const kind = chance.int(5);
  if (kind === 0) return { op: 'create', object: nodeOf(chance, `node-x${world.steps.length}`, false) };
  const bound = world.objects.filter((object) => object.kind === 'Pod');
  if (kind === 1 && bound.length) return { op: 'delete', object: chance.pick(bound) };
  const gated = pods.find((pod) => pod.spec.schedulingGates);
  if (kind === 2 && gated) {
    const { schedulingGates: _, ...spec } = gated.spec;
    gated.spec = spec;
    return { op: 'replace', object: { ...gated, spec } };
  }
  if (kind === 3) return { op: 'create', object: podOf(chance, `q${world.seed}-${world.steps.length}`, 0.3) };
  const node = chance.pick(nodes);
  const other = nodeOf(chance, node.metadata.name, true);
  if (chance.maybe(0.5)) node.spec = other.spec;
  else node.metadata = { ...node.metadata, labels: { ...other.metadata.labels } };
  return { op: 'replace', object: structuredClone(node) };
}

/** The world of a seed. */
export function worldOf(seed: number): World {
  const chance = new Chance(seed);
  const rich = chance.maybe(0.5);
  const nodes = Array.from({ length: chance.maybe(0.02) ? 0 : 3 + chance.int(chance.maybe(0.3) ? 10 : 4) }, (_, i) =>
    nodeOf(chance, `node-${i}`, rich),
  );
  const world: World = { seed, objects: [...nodes], steps: [] };
  const bound = nodes.length ? chance.int(chance.maybe(0.4) ? 20 : 6) : 0;
  for (let i = 0; i < bound; i++) world.objects.push(boundPod(chance, i, seed, chance.pick(nodes).metadata.name));
  const usesVolumes = chance.maybe(0.2);
  if (chance.maybe(0.4)) for (let i = 0; i < 1 + chance.int(2); i++) world.objects.push(budgetOf(chance, `pdb-${i}`));
  if (chance.maybe(0.2)) world.objects.push(serviceOf(chance.pick(TEAMS), chance.pick(['web', 'db'])));
  const claims = usesVolumes && nodes.length ? volumesOf(chance, seed, nodes.length) : { objects: [], names: [] };
  world.objects.push(...claims.objects);
  const pods = Array.from({ length: 1 + chance.int(6) }, (_, i) => podOf(chance, `p${seed}-${i}`, 0.3, claims.names));
  for (const object of pods) world.steps.push({ op: 'create', object });
  if (nodes.length && chance.maybe(0.15)) {
    for (let i = 0; i < 1 + chance.int(3); i++) world.steps.push(disturbance(chance, world, nodes, pods));
  }
  return structuredClone(world);
}
