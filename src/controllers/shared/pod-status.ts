import { podCondition, updatePodCondition } from '../../api/core/pod/conditions.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';

/** The status with a condition added or changed (podutil.UpdatePodCondition); undefined when it has it already. */
export function withPodCondition(
  pod: KubeObject,
  type: string,
  status: string,
  now: number,
  said: { reason?: string; message?: string },
): Obj | undefined {
  const old = podCondition(pod, type);
  const { reason = old?.reason, message = old?.message } = said;
  if (old && old.status === status && old.reason === reason && old.message === message) return undefined;
  const observedGeneration = pod.metadata.generation || undefined;
  const condition = { type, status, observedGeneration, reason, message };
  return { ...pod.status, conditions: updatePodCondition(pod.status?.conditions, condition, now) };
}

export const podStatusUpdate = (pod: KubeObject, status: Obj): Action => ({
  verb: 'update',
  resource: 'pods',
  subresource: 'status',
  object: { ...pod, status },
});
