import { equal, type Obj } from '../../../lib/json.ts';
import { rfc3339 } from '../../machinery/time.ts';

/** Fields of a condition that its writer sets. */
export interface PodCondition {
  type: string;
  status: string;
  observedGeneration?: number | undefined;
  reason?: string | undefined;
  message?: string | undefined;
}

/** The condition of a type. */
export const podCondition = ({ status }: Obj, type: string): Obj | undefined =>
  status?.conditions?.find((c: Obj) => c.type === type);

/** podutil.IsPodReady. */
export const isPodReady = (pod: Obj): boolean => podCondition(pod, 'Ready')?.status === 'True';

/**
 * The conditions with one replaced or appended; the same list when nothing changes. The transition time moves only when the status does
 * (podutil.UpdatePodCondition).
 */
export function updatePodCondition(conditions: Obj[] | undefined, condition: PodCondition, now: number): Obj[] {
  const { type, status, observedGeneration, reason, message } = condition;
  const old = conditions?.find((c) => c.type === type);
  const next: Obj = {
    type,
    ...(observedGeneration !== undefined && { observedGeneration }),
    status,
    lastProbeTime: old?.lastProbeTime ?? null,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : rfc3339(now),
    ...(reason && { reason }),
    ...(message && { message }),
  };
  if (!conditions || !old) return [...(conditions ?? []), next];
  return equal(old, next) ? conditions : conditions.map((c) => (c === old ? next : c));
}
