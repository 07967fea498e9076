import type { Obj } from '../../../src/lib/json.ts';
import { claim, storageClass, volume } from '../../fixtures/volumes.ts';
import { anyOf, ask, merge, namespaceOf, urlOf } from '../ask.ts';
import type { World } from '../world.ts';

const CLAIMS = 'persistentvolumeclaims';
const VOLUMES = 'persistentvolumes';
const SIZES = ['1Gi', '2Gi', '3Gi'];
const CLASSES = ['manual', 'manual', 'std', 'late', ''];

export function createClass(world: World): void {
  const late = { volumeBindingMode: 'WaitForFirstConsumer' };
  const more = { allowVolumeExpansion: true, ...(world.chance(0.5) && late) };
  ask(world, 'POST', urlOf('storage.k8s.io/storageclasses'), storageClass(world.pick(['std', 'late']), more));
}

export function createVolume(world: World): void {
  const spec: Obj = {
    storageClassName: world.pick(CLASSES),
    persistentVolumeReclaimPolicy: world.pick(['Retain', 'Delete', 'Recycle']),
    accessModes: world.pick([['ReadWriteOnce'], ['ReadWriteOnce', 'ReadOnlyMany'], ['ReadWriteMany']]),
  };
  // Kept for a claim that is there, or will be.
  const kept = world.chance(0.2) ? anyOf(world, CLAIMS)?.object.metadata : undefined;
  if (kept) spec.claimRef = { namespace: kept.namespace, name: kept.name, ...(world.chance(0.3) && { uid: kept.uid }) };
  ask(world, 'POST', urlOf(VOLUMES), volume(world.fresh('vol'), world.pick(SIZES), spec));
}

export function createClaim(world: World): void {
  const named = world.chance(0.15) ? anyOf(world, VOLUMES)?.object.metadata.name : undefined;
  const spec: Obj = {
    storageClassName: world.pick(CLASSES),
    accessModes: [world.pick(['ReadWriteOnce', 'ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany'])],
    resources: { requests: { storage: world.pick(SIZES) } },
    ...(named && { volumeName: named }),
  };
  const namespace = namespaceOf(world);
  ask(world, 'POST', urlOf(CLAIMS, namespace), claim(world.pick(['data', 'logs', world.fresh('c')]), spec, { namespace }));
}

/** A pod that uses a claim, its own or one that is there. */
export function createConsumer(world: World): void {
  const found = anyOf(world, CLAIMS)?.object;
  const namespace = found?.metadata.namespace ?? namespaceOf(world);
  const own = { ephemeral: { volumeClaimTemplate: { spec: claim('x', { storageClassName: world.pick(CLASSES) }).spec } } };
  const used = found && world.chance(0.7) ? { persistentVolumeClaim: { claimName: found.metadata.name } } : own;
  const spec = { containers: [{ name: 'c', image: 'nginx' }], volumes: [{ name: 'v', ...used }] };
  ask(world, 'POST', urlOf('pods', namespace), { apiVersion: 'v1', kind: 'Pod', metadata: { name: world.fresh('user') }, spec });
}

export function deleteClaim(world: World): void {
  const found = anyOf(world, CLAIMS);
  if (found) ask(world, 'DELETE', found.url);
}

export function deleteVolume(world: World): void {
  const found = anyOf(world, VOLUMES);
  if (found) ask(world, 'DELETE', found.url);
}

/** A claim asks for more, or a volume is given to whoever wants it. */
export function changeStorage(world: World): void {
  if (world.chance(0.5)) {
    const found = anyOf(world, CLAIMS);
    if (found)
      ask(world, 'PATCH', found.url, { spec: { resources: { requests: { storage: world.pick(['4Gi', '5Gi']) } } } }, merge);
    return;
  }
  const found = anyOf(world, VOLUMES);
  if (found?.object.status?.phase === 'Released') ask(world, 'PATCH', found.url, { spec: { claimRef: null } }, merge);
}
