import type { KubeObject, Obj } from '../../lib/json.ts';

/** Returns how the scheduler decided on a pod: the fields of a PodScheduling. */
export interface Explainer {
  scheduling(pod: KubeObject): Obj;
}
