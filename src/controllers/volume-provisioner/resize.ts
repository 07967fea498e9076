import { BUILT_IN_PROVISIONER, capacityOf, requestOf } from '../../api/core/volume/binding.ts';
import { cmp, quantity } from '../../api/machinery/quantity.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import { eventFor } from '../shared/events.ts';
import { CLAIMS, VOLUMES } from './provision.ts';

const IN_PROGRESS = 'ControllerResizeInProgress';
/** Conditions that tell how far a volume has grown. */
const RESIZE_CONDITIONS = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);

/**
 * The next write that makes a bound claim's volume as big as the claim asks (kubernetes-csi/external-resizer): what is under way, the
 * volume, then the claim. The simulated file systems grow with their volumes.
 */
export function resize(claim: KubeObject, volume: KubeObject, now: number): Action[] {
  const asked = requestOf(claim);
  const status: Obj = claim.status ?? {};
  if (cmp(quantity(asked), quantity(status.capacity?.storage)) <= 0) return [];
  const name = volume.metadata.name;
  const say = (reason: string, message: string) => eventFor(BUILT_IN_PROVISIONER, claim, 'Normal', reason, message);
  const isUnderWay = status.allocatedResourceStatuses?.storage === IN_PROGRESS && status.allocatedResources?.storage === asked;
  if (!isUnderWay)
    return [writeStatus(claim, underWay(status, asked, now)), say('Resizing', `External resizer is resizing volume ${name}`)];
  if (cmp(quantity(capacityOf(volume)), quantity(asked)) < 0) {
    const spec = { ...volume.spec, capacity: { ...volume.spec.capacity, storage: asked } };
    return [{ verb: 'update', resource: VOLUMES, object: { ...volume, spec } }];
  }
  return [writeStatus(claim, finished(status, capacityOf(volume))), say('VolumeResizeSuccessful', 'Resize volume succeeded')];
}

const writeStatus = (claim: KubeObject, status: Obj): Action => ({
  verb: 'update',
  resource: CLAIMS,
  subresource: 'status',
  object: { ...claim, status },
});

const others = (status: Obj): Obj[] => (status.conditions ?? []).filter(({ type }: Obj) => !RESIZE_CONDITIONS.has(type));

function underWay(status: Obj, storage: string | undefined, now: number): Obj {
  const resizing = { type: 'Resizing', status: 'True', lastProbeTime: null, lastTransitionTime: rfc3339(now) };
  return {
    ...status,
    allocatedResourceStatuses: { ...status.allocatedResourceStatuses, storage: IN_PROGRESS },
    allocatedResources: { ...status.allocatedResources, storage },
    conditions: [...others(status), resizing],
  };
}

function finished(status: Obj, storage: string | undefined): Obj {
  const { allocatedResourceStatuses, conditions: _, ...rest } = status;
  const { storage: __, ...statuses } = allocatedResourceStatuses ?? {};
  const conditions = others(status);
  return {
    ...rest,
    capacity: { ...status.capacity, storage },
    ...(Object.keys(statuses).length && { allocatedResourceStatuses: statuses }),
    ...(conditions.length && { conditions }),
  };
}
