import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import type { Chance } from '../../fuzz/chance.ts';
import { PRIORITIES, TEAMS } from './world-parts.ts';

const HOST = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const KEYS = [HOST, HOST, ZONE, ZONE, 'topology.kubernetes.io/region', 'rack'];
const APPS = ['web', 'db', 'cache'];

function labelsOf(chance: Chance): Record<string, string> {
  return {
    ...(chance.maybe(0.9) && { app: chance.pick(APPS) }),
    ...(chance.maybe(0.4) && { tier: chance.pick(['front', 'back']) }),
    ...(chance.maybe(0.3) && { 'pod-template-hash': chance.pick(['h1', 'h2']) }),
  };
}

function selectorOf(chance: Chance): Obj {
  switch (chance.int(6)) {
    case 0:
      return { matchExpressions: [{ key: 'app', operator: 'In', values: [chance.pick(APPS), chance.pick(APPS)] }] };
    case 1:
      return { matchExpressions: [{ key: 'tier', operator: chance.pick(['Exists', 'DoesNotExist']) }] };
    case 2:
      return chance.maybe(0.2) ? {} : { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [chance.pick(APPS)] }] };
    default:
      return { matchLabels: { app: chance.pick(APPS) } };
  }
}

function nodeTerm(chance: Chance): Obj {
  const expression = (): Obj =>
    chance.pick<() => Obj>([
      () => ({ key: 'disk', operator: chance.pick(['In', 'NotIn']), values: [chance.pick(['ssd', 'hdd'])] }),
      () => ({ key: 'size', operator: chance.pick(['Gt', 'Lt']), values: [String(chance.int(5))] }),
      () => ({ key: chance.pick(['disk', 'rack', 'size']), operator: chance.pick(['Exists', 'DoesNotExist']) }),
      () => ({ key: ZONE, operator: 'In', values: chance.some(['a', 'b', 'c', 'd'], 0.6).concat('a') }),
    ])();
  const field = { key: 'metadata.name', operator: chance.pick(['In', 'NotIn']), values: [`node-${chance.int(6)}`] };
  const many = Array.from({ length: 1 + chance.int(2) }, expression);
  if (chance.maybe(0.15)) return { matchFields: [field], ...(chance.maybe(0.5) && { matchExpressions: many }) };
  return { matchExpressions: many };
}

function podTerm(chance: Chance, name: string): Obj {
  const term: Obj = { topologyKey: chance.pick(KEYS), labelSelector: selectorOf(chance) };
  if (chance.maybe(0.15)) term.namespaces = chance.some(TEAMS, 0.7);
  if (chance.maybe(0.2)) term.namespaceSelector = chance.maybe(0.4) ? {} : { matchLabels: { team: chance.pick(['a', 'b']) } };
  if (chance.maybe(0.15) && name) term[chance.pick(['matchLabelKeys', 'mismatchLabelKeys'])] = ['pod-template-hash'];
  return term;
}

function affinityOf(chance: Chance, share: number, name: string): Obj | undefined {
  const out: Obj = {};
  const weighted = (key: string, make: () => Obj) =>
    Array.from({ length: 1 + chance.int(2) }, () => ({ weight: 1 + chance.int(100), [key]: make() }));
  if (chance.maybe(share)) {
    out.nodeAffinity = {
      ...(chance.maybe(0.5) && {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: Array.from({ length: 1 + chance.int(2) }, () => nodeTerm(chance)),
        },
      }),
      ...(chance.maybe(0.6) && {
        preferredDuringSchedulingIgnoredDuringExecution: weighted('preference', () => nodeTerm(chance)),
      }),
    };
  }
  for (const side of ['podAffinity', 'podAntiAffinity']) {
    if (!chance.maybe(share)) continue;
    const term = () => podTerm(chance, name);
    out[side] = {
      ...(chance.maybe(0.5) && {
        requiredDuringSchedulingIgnoredDuringExecution: Array.from({ length: chance.maybe(0.2) ? 2 : 1 }, term),
      }),
      ...(chance.maybe(0.6) && { preferredDuringSchedulingIgnoredDuringExecution: weighted('podAffinityTerm', term) }),
    };
  }
  return Object.keys(out).length ? out : undefined;
}

function spreadOf(chance: Chance): Obj {
  const hard = chance.maybe(0.5);
  return {
    maxSkew: 1 + chance.int(3),
    topologyKey: chance.pick(KEYS),
    whenUnsatisfiable: hard ? 'DoNotSchedule' : 'ScheduleAnyway',
    ...(chance.maybe(0.9) && { labelSelector: selectorOf(chance) }),
    ...(hard && chance.maybe(0.2) && { minDomains: 1 + chance.int(4) }),
    ...(chance.maybe(0.2) && { nodeAffinityPolicy: chance.pick(['Honor', 'Ignore']) }),
    ...(chance.maybe(0.2) && { nodeTaintsPolicy: chance.pick(['Honor', 'Ignore']) }),
  };
}

function tolerationsOf(chance: Chance): Obj[] {
  return chance.some<Obj>(
    [
      { key: 'dedicated', operator: 'Equal', value: 'a', effect: 'NoSchedule' },
      { key: 'dedicated', operator: 'Exists' },
      { key: 'slow', operator: 'Exists', effect: 'PreferNoSchedule' },
      { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
      { operator: 'Exists' },
    ],
    0.15,
  );
}

function containerOf(chance: Chance, name: string): Obj {
  const requests: Record<string, string> = {
    ...(chance.maybe(0.7) && { cpu: chance.pick(['100m', '500m', '1', '1500m', '3', '100']) }),
    ...(chance.maybe(0.6) && { memory: chance.pick(['64Mi', '1Gi', '2Gi', '3500M', '6Gi']) }),
    ...(chance.maybe(0.1) && { 'ephemeral-storage': chance.pick(['1Gi', '10Gi']) }),
  };
  const gpu = chance.maybe(0.07) && { 'example.com/gpu': chance.pick(['1', '2']) };
  const ports = chance.maybe(0.12) && {
    ports: [
      {
        containerPort: 80,
        hostPort: chance.pick([80, 443]),
        ...(chance.maybe(0.3) && { hostIP: chance.pick(['127.0.0.1', '10.0.0.1']) }),
        ...(chance.maybe(0.2) && { protocol: 'UDP' }),
      },
    ],
  };
  return {
    name,
    image: `registry.example/${chance.pick(['a', 'b', 'c', 'd', 'e'])}:1`,
    resources: { requests: { ...requests, ...gpu }, ...(gpu && { limits: { ...gpu } }) },
    ...ports,
  };
}

const volumes = (chance: Chance, claims: string[]): Obj[] =>
  chance.some(claims, 0.4).map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } }));

/** A pod with a share of everything that placement depends on. */
export function podOf(chance: Chance, name: string, share: number, claims: string[] = []): KubeObject {
  const affinity = affinityOf(chance, share, name);
  const tolerations = tolerationsOf(chance);
  const spec: Obj = { containers: [containerOf(chance, 'main')], terminationGracePeriodSeconds: 30 };
  if (chance.maybe(0.1)) spec.containers.push({ ...containerOf(chance, 'second'), ports: [] });
  if (chance.maybe(0.1)) spec.initContainers = [{ ...containerOf(chance, 'init'), ports: [] }];
  if (spec.initContainers && chance.maybe(0.5)) spec.initContainers[0].restartPolicy = 'Always';
  if (affinity) spec.affinity = affinity;
  if (tolerations.length) spec.tolerations = tolerations;
  if (chance.maybe(share / 2)) spec.nodeSelector = chance.maybe(0.5) ? { disk: chance.pick(['ssd', 'hdd']) } : { [ZONE]: 'a' };
  const spreads = new Map<string, Obj>();
  if (chance.maybe(share)) {
    for (let i = 0; i < 1 + chance.int(2); i++) {
      const one = spreadOf(chance);
      spreads.set(`${one.topologyKey}/${one.whenUnsatisfiable}`, one);
    }
  }
  const labels = labelsOf(chance);
  for (const one of spreads.values()) if (one.labelSelector && chance.maybe(0.15)) one.matchLabelKeys = ['pod-template-hash'];
  if (spreads.size) spec.topologySpreadConstraints = [...spreads.values()];
  if (chance.maybe(0.45)) [spec.priorityClassName] = chance.pick(PRIORITIES);
  if (chance.maybe(0.05)) spec.schedulingGates = [{ name: 'example.com/wait' }];
  if (chance.maybe(0.03)) spec.schedulerName = 'another';
  const mounted = volumes(chance, claims);
  if (mounted.length) spec.volumes = mounted;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: chance.pick(TEAMS), labels } as unknown as KubeObject['metadata'],
    spec,
  };
}
