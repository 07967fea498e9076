import { annotation, modesDiffer, PROVISIONED_BY } from '../../api/core/volume/binding.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { sayOnce } from '../shared/said.ts';
import { unbind, volumePhase } from './bind.ts';
import { migratedVolume } from './migration.ts';
import { reclaim } from './reclaim.ts';
import { CLAIMS, COMPONENT, VOLUMES } from './resources.ts';

/** The next writes for a volume (syncVolume). */
export function syncVolume(volume: KubeObject, view: View, now: number): Plan {
  const migrated = migratedVolume(volume);
  if (migrated !== volume) return { actions: [{ verb: 'update', resource: VOLUMES, object: migrated }] };
  const ref = volume.spec?.claimRef;
  // Nobody has it, or it is kept for a claim that has not come.
  if (!ref?.uid) return { actions: volumePhase(volume, 'Available') };
  const claim = view.get(CLAIMS, ref.namespace ?? '', ref.name ?? '');
  if (claim?.metadata.uid !== ref.uid || !claim) return released(volume, view, now);
  const { volumeName } = claim.spec ?? {};
  if (volumeName === volume.metadata.name) return { actions: volumePhase(volume, 'Bound') };
  if (!volumeName) return { actions: modesDiffer(claim, volume) ? mismatched(volume, claim, view) : [] };
  const isMade = annotation(volume, PROVISIONED_BY) !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete';
  return isMade ? released(volume, view, now) : { actions: unbind(volume) };
}

/** The claim will never take the volume that is bound to it. */
const mismatched = (volume: KubeObject, claim: KubeObject, view: View) => [
  ...sayOnce(
    view,
    COMPONENT,
    volume,
    'Warning',
    'VolumeMismatch',
    `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" due to incompatible volumeMode.`,
  ),
  ...sayOnce(
    view,
    COMPONENT,
    claim,
    'Warning',
    'VolumeMismatch',
    `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`,
  ),
];

/** The volume's claim is gone or has another volume: it is said first, and reclaimed after that. */
function released(volume: KubeObject, view: View, now: number): Plan {
  const { phase } = volume.status ?? {};
  if (phase !== 'Released' && phase !== 'Failed') return { actions: volumePhase(volume, 'Released') };
  return reclaim(volume, view, now);
}
