import type { KubeObject } from '../../../src/lib/json.ts';
import type { Chance } from '../../fuzz/chance.ts';

/** Namespaces of all worlds, each with the label `team`. */
export const TEAMS = ['team-a', 'team-b'];

/** PriorityClasses of all worlds: name, value, and whether its pods preempt. */
export const PRIORITIES: [string, number, boolean][] = [
  ['below', -10, true],
  ['middle', 100, true],
  ['high', 1000, true],
  ['polite', 1000, false],
];

/** Objects that stand in both clusters before the first world, and stay. */
export const fixed = (): KubeObject[] => [
  ...TEAMS.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { team: name.slice(-1) } } as unknown as KubeObject['metadata'],
  })),
  ...PRIORITIES.map(([name, value, preempts]) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name } as KubeObject['metadata'],
    value,
    preemptionPolicy: preempts ? 'PreemptLowerPriority' : 'Never',
  })),
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'static' } as KubeObject['metadata'],
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'immediate' } as KubeObject['metadata'],
    provisioner: 'example.com/disk',
    volumeBindingMode: 'Immediate',
  },
];

function claimOf(name: string, namespace: string, mode: string, volume: string | undefined, phase: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      ...(volume && { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }),
    } as KubeObject['metadata'],
    spec: {
      accessModes: [mode],
      storageClassName: 'immediate',
      resources: { requests: { storage: '1Gi' } },
      ...(volume && { volumeName: volume }),
    },
    status: { phase },
  };
}

/** Claims of every state but one: those that the scheduler itself would bind need the controller of volumes to go on. */
export function volumesOf(chance: Chance, seed: number, nodes: number): { objects: KubeObject[]; names: string[] } {
  const objects: KubeObject[] = [];
  const names = ['missing'];
  for (let i = 0; i < 1 + chance.int(3); i++) {
    const name = `c${seed}-${i}`;
    names.push(name);
    const state = chance.int(10);
    const mode = chance.pick(['ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOncePod']);
    const bound = state >= 3;
    const phase = bound ? 'Bound' : state === 0 ? 'Lost' : 'Pending';
    for (const namespace of TEAMS) {
      const volume = `v${seed}-${i}-${namespace}`;
      objects.push(claimOf(name, namespace, mode, bound || state === 0 ? volume : undefined, phase));
      if (bound && state > 3) objects.push(volumeOf(chance, volume, name, namespace, mode, nodes));
    }
  }
  return { objects, names };
}

function volumeOf(chance: Chance, name: string, claim: string, namespace: string, mode: string, nodes: number): KubeObject {
  const key = chance.pick(['kubernetes.io/hostname', 'topology.kubernetes.io/zone', 'disk']);
  const value = key === 'disk' ? 'ssd' : key.endsWith('zone') ? chance.pick(['a', 'b']) : `node-${chance.int(nodes)}`;
  const zoned = chance.maybe(0.25);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      ...(zoned && { labels: { 'topology.kubernetes.io/zone': chance.pick(['a', 'b', 'a__b']) } }),
    } as KubeObject['metadata'],
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: [mode],
      storageClassName: 'immediate',
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claim, namespace },
      csi: { driver: 'example.com', volumeHandle: name },
      ...(chance.maybe(0.6) && {
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] } },
      }),
    },
    status: { phase: 'Bound' },
  };
}
