import {
  annotated,
  annotation,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  boundVolume,
  capacityOf,
} from '../../api/core/volume/binding.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import { eventFor } from '../shared/events.ts';
import { CLAIMS, COMPONENT, VOLUMES } from './resources.ts';

/** Annotation of a volume that grew, of which the claim does not know yet: the size before. */
const PRE_RESIZE = 'volume.alpha.kubernetes.io/pre-resize-capacity';

const updateVolume = (object: KubeObject): Action => ({ verb: 'update', resource: VOLUMES, object });
export const updateClaim = (object: KubeObject): Action => ({ verb: 'update', resource: CLAIMS, object });

/** Writes the phase of a volume, unless it has it. */
export function volumePhase(volume: KubeObject, phase: string, message?: string): Action[] {
  if (volume.status?.phase === phase) return [];
  const { message: _, ...status } = volume.status ?? {};
  const object = { ...volume, status: { ...status, phase, ...(message && { message }) } };
  return [{ verb: 'update', resource: VOLUMES, subresource: 'status', object }];
}

/** Says once that a volume could not be reclaimed, and why (updateVolumePhaseWithEvent). */
export function failed(volume: KubeObject, reason: string, message: string): Action[] {
  const phase = volumePhase(volume, 'Failed', message);
  return phase.length ? [...phase, eventFor(COMPONENT, volume, 'Warning', reason, message)] : [];
}

/** Writes the phase of a claim and what it has of its volume, unless it is so (updateClaimStatus). */
export function claimPhase(claim: KubeObject, phase: string, volume?: KubeObject): Action[] {
  const before: Obj = claim.status ?? {};
  const status: Obj = { ...before, phase };
  if (!volume) {
    delete status.accessModes;
    delete status.capacity;
    delete status.currentVolumeAttributesClassName;
  } else {
    status.accessModes = volume.spec.accessModes;
    if (before.phase !== phase) {
      const grown = annotation(volume, PRE_RESIZE);
      if (grown !== undefined) status.capacity = { ...before.capacity, storage: grown };
      else if (before.capacity?.storage !== capacityOf(volume)) status.capacity = volume.spec.capacity;
      const attributes = volume.spec.volumeAttributesClassName;
      if ((before.phase ?? 'Pending') === 'Pending' && attributes !== undefined)
        status.currentVolumeAttributesClassName = attributes;
    }
  }
  if (equal(before, status)) return [];
  return [{ verb: 'update', resource: CLAIMS, subresource: 'status', object: { ...claim, status } }];
}

/**
 * The next writes that bind the two, in upstream's order: the volume, its phase, the claim, its phase (bind). Each brings the claim back
 * for what follows; none are left when they are bound.
 */
export function bind(volume: KubeObject, claim: KubeObject): Action[] {
  const bound = boundVolume(volume, claim);
  if (bound !== volume) return [updateVolume(bound)];
  const phase = volumePhase(volume, 'Bound');
  const named = boundClaim(claim, volume.metadata.name);
  return [...phase, ...(named === claim ? claimPhase(claim, 'Bound', volume) : [updateClaim(named)])];
}

/** The claim bound to the volume; the same object when it was (bindClaimToVolume). */
function boundClaim(claim: KubeObject, volumeName: string): KubeObject {
  const isNew = claim.spec.volumeName !== volumeName;
  const isDone = annotation(claim, BIND_COMPLETED) !== undefined;
  if (!isNew && isDone) return claim;
  const named = isNew ? { ...claim, spec: { ...claim.spec, volumeName } } : claim;
  return annotated(named, { ...(isNew && { [BOUND_BY_CONTROLLER]: 'yes' }), ...(!isDone && { [BIND_COMPLETED]: 'yes' }) });
}

/** Gives back a volume (unbindVolume): one that the user kept for a claim stays kept for it, by name. */
export function unbind(volume: KubeObject): Action[] {
  const { claimRef, ...spec } = volume.spec;
  if (annotation(volume, BOUND_BY_CONTROLLER) === undefined) {
    const { uid: _, ...ref } = claimRef;
    return [updateVolume({ ...volume, spec: { ...volume.spec, claimRef: ref } })];
  }
  const { annotations: all = {}, ...metadata } = volume.metadata;
  const { [BOUND_BY_CONTROLLER]: _, ...annotations } = all;
  const kept = Object.keys(annotations).length ? { ...metadata, annotations } : metadata;
  return [updateVolume({ ...volume, metadata: kept, spec } as KubeObject)];
}
