import { annotation, PROVISIONED_BY } from '../../api/core/volume/binding.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { deletion, hasFinalizer, withoutFinalizer } from '../shared/objects.ts';
import { failed } from './bind.ts';
import { IN_TREE, IN_TREE_FINALIZER, MIGRATED_TO } from './migration.ts';
import { recycle } from './recycle.ts';
import { VOLUMES } from './resources.ts';

/** Does with a released volume as its policy says (reclaimVolume). */
export function reclaim(volume: KubeObject, view: View, now: number): Plan {
  if (annotation(volume, MIGRATED_TO)) return { actions: [] };
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case 'Recycle':
      return recycle(volume, view, now);
    case 'Delete':
      return { actions: remove(volume) };
    default:
      return { actions: [] };
  }
}

const FAILED = 'VolumeFailedDelete';

/** Deletes a volume with what it stands for; what drivers outside made, they delete (deleteVolumeOperation). */
function remove(volume: KubeObject): Action[] {
  const { name } = volume.metadata;
  const driver = annotation(volume, PROVISIONED_BY);
  if (driver && !driver.startsWith(IN_TREE)) return [];
  if (driver && driver !== HOST_PATH) return failed(volume, FAILED, NO_PLUGIN);
  if (!driver && volume.spec.csi) return [];
  if (!driver && !volume.spec.hostPath) {
    return failed(volume, FAILED, `error getting deleter volume plugin for volume "${name}": ${NO_PLUGIN}`);
  }
  const path: string | undefined = volume.spec.hostPath?.path;
  if (path === undefined) {
    return failed(volume, FAILED, `failed to create deleter for volume "${name}": spec.PersistentVolumeSource.HostPath is nil`);
  }
  if (!/\/tmp\/.+/.test(path))
    return failed(volume, FAILED, `host_path deleter only supports /tmp/.+ but received provided ${path}`);
  if (hasFinalizer(volume, IN_TREE_FINALIZER)) {
    return [{ verb: 'update', resource: VOLUMES, object: withoutFinalizer(volume, IN_TREE_FINALIZER) }];
  }
  return volume.metadata.deletionTimestamp ? [] : [deletion(VOLUMES, volume)];
}

const HOST_PATH = 'kubernetes.io/host-path';
const NO_PLUGIN = 'no deletable volume plugin matched';
