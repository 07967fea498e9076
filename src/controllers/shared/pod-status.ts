import { rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';

/** The status with a condition added or changed (podutil.UpdatePodCondition); undefined when it is so already. */
export function withPodCondition(
  pod: KubeObject,
  type: string,
  status: string,
  now: number,
  said: { reason?: string; message?: string },
): Obj | undefined {
  const conditions: Obj[] = pod.status?.conditions ?? [];
  const old = conditions.find((c) => c.type === type);
  const at = old?.status === status ? old.lastTransitionTime : rfc3339(now);
  const generation = pod.metadata.generation;
  const { reason = old?.reason, message = old?.message } = said;
  const next: Obj = {
    type,
    ...(generation && { observedGeneration: generation }),
    status,
    lastProbeTime: old?.lastProbeTime ?? null,
    lastTransitionTime: at,
    ...(reason && { reason }),
    ...(message && { message }),
  };
  if (old && old.status === status && old.reason === reason && old.message === message) return undefined;
  return { ...pod.status, conditions: old ? conditions.map((c) => (c === old ? next : c)) : [...conditions, next] };
}

export const podStatusUpdate = (pod: KubeObject, status: Obj): Action => ({
  verb: 'update',
  resource: 'pods',
  subresource: 'status',
  object: { ...pod, status },
});
