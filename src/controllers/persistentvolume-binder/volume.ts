import { annotation, modesDiffer, PROVISIONED_BY } from '../../api/core/volume/binding.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { changedAt, createdAt, Speaker } from '../shared/said.ts';
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
  if (!volumeName) return { actions: modesDiffer(claim, volume) ? mismatched(volume, claim, view, now) : [] };
  const isMade = annotation(volume, PROVISIONED_BY) !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete';
  return isMade ? released(volume, view, now) : { actions: unbind(volume) };
}

/** The claim will never take the volume that is bound to it. */
function mismatched(volume: KubeObject, claim: KubeObject, view: View, now: number): Action[] {
  const speaker = new Speaker(view, COMPONENT, now);
  const since = Math.max(changedAt(volume), createdAt(claim));
  const warn = (about: KubeObject, what: string) =>
    speaker.say(about, 'Warning', 'VolumeMismatch', `Cannot bind ${what} due to incompatible volumeMode.`, since);
  return [
    ...warn(volume, `PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}"`),
    ...warn(claim, `PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim`),
  ];
}

/** The volume's claim is gone or has another volume: it is said first, and reclaimed after that. */
function released(volume: KubeObject, view: View, now: number): Plan {
  const { phase } = volume.status ?? {};
  if (phase !== 'Released' && phase !== 'Failed') return { actions: volumePhase(volume, 'Released') };
  return reclaim(volume, view, now);
}
