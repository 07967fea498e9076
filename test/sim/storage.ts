import type { Obj } from '../../src/lib/json.ts';
import { must } from './must.ts';
import { keyOf } from './watcher.ts';
import type { World } from './world.ts';

const objects = (world: World, resource: string): Obj[] => [...world.ledger.live(resource).values()].map((e) => e.object);
const bytes = (text: string | undefined): number => Number.parseInt(text ?? '0', 10);

/** A claim has one volume and a volume one claim, whatever else is the case. */
export function checkPairs(world: World): void {
  const volumes = new Map(objects(world, 'persistentvolumes').map((v) => [v.metadata.name as string, v]));
  const owners = new Map<string, Obj>();
  for (const claim of objects(world, 'persistentvolumeclaims')) {
    if (claim.status?.phase !== 'Bound') continue;
    const { volumeName } = claim.spec;
    const other = owners.get(volumeName);
    must(!other, () => `claims ${keyOf(claim)} and ${keyOf(other as never)} are both bound to ${volumeName}`);
    owners.set(volumeName, claim);
    const ref = volumes.get(volumeName)?.spec.claimRef;
    must(
      !volumes.has(volumeName) || ref?.uid === claim.metadata.uid,
      () => `claim ${keyOf(claim)} is bound to ${volumeName}, which is ${JSON.stringify(ref)}'s`,
    );
  }
}

/** At rest, a claim is bound to the volume that says so, and none waits for a volume that it could have. */
export function checkStorage(world: World): void {
  checkPairs(world);
  const claims = objects(world, 'persistentvolumeclaims');
  const byUid = new Map(claims.map((c) => [c.metadata.uid, c]));
  const volumes = objects(world, 'persistentvolumes');
  for (const volume of volumes) {
    const { phase } = volume.status ?? {};
    const claim = byUid.get(volume.spec.claimRef?.uid);
    // What is kept for a claim that cannot take it stays as it came.
    must(phase !== 'Pending' || volume.spec.claimRef?.uid, () => `volume ${volume.metadata.name} was never looked at`);
    must((phase === 'Available') === !volume.spec.claimRef?.uid, () => `volume ${volume.metadata.name} is ${phase}`);
    if (phase !== 'Bound') continue;
    must(
      claim?.spec.volumeName === volume.metadata.name,
      () => `volume ${volume.metadata.name} is bound to ${claim && keyOf(claim as never)}`,
    );
    must(claim?.status.phase === 'Bound', () => `the claim of volume ${volume.metadata.name} is ${claim?.status.phase}`);
  }
  const late = new Set(
    objects(world, 'storage.k8s.io/storageclasses')
      .filter((c) => c.volumeBindingMode === 'WaitForFirstConsumer')
      .map((c) => c.metadata.name),
  );
  for (const claim of claims) {
    const { spec, status } = claim;
    if (status?.phase !== 'Pending' || spec.volumeName || late.has(spec.storageClassName)) continue;
    const missed = volumes.find((v) => canHave(claim, v));
    must(!missed, () => `claim ${keyOf(claim as never)} waits, and ${missed?.metadata.name} is free`);
  }
}

const canHave = ({ spec }: Obj, volume: Obj): boolean =>
  volume.status?.phase === 'Available' &&
  !volume.spec.claimRef &&
  !volume.metadata.deletionTimestamp &&
  (volume.spec.storageClassName ?? '') === (spec.storageClassName ?? '') &&
  spec.accessModes.every((m: string) => volume.spec.accessModes.includes(m)) &&
  bytes(volume.spec.capacity.storage) >= bytes(spec.resources.requests.storage);

/** Whether an object stays though it is deleted: a volume that is bound, a claim that a pod uses. */
export function isProtected(world: World, resource: string, object: Obj): boolean {
  if (resource === 'persistentvolumes') return object.status?.phase === 'Bound';
  if (resource !== 'persistentvolumeclaims') return false;
  const { namespace, name } = object.metadata;
  return objects(world, 'pods').some(
    (pod) =>
      pod.metadata.namespace === namespace &&
      (pod.spec.volumes ?? []).some(
        (v: Obj) => v.persistentVolumeClaim?.claimName === name || `${pod.metadata.name}-${v.name}` === name,
      ),
  );
}
