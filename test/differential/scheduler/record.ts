import type { KubeObject, Obj } from '../../../src/lib/json.ts';

/** What both schedulers must agree on about a pod. */
export interface PodState {
  node?: string;
  reason?: string;
  message?: string;
  nominated?: string;
  /** It is a victim: it was told so, and deleted. */
  victim?: true;
  deleting?: true;
}

/** States by name of the pod. */
export type States = Record<string, PodState>;

export interface RecordedStep {
  op: 'create' | 'replace' | 'delete';
  object: KubeObject;
  after: States;
}

/** A world with the reference's answers. */
export interface Recorded {
  seed: number;
  objects: KubeObject[];
  steps: RecordedStep[];
}

const condition = (pod: KubeObject, type: string): Obj | undefined =>
  (pod.status?.conditions ?? []).find((c: Obj) => c.type === type);

export function stateOf(pod: KubeObject): PodState {
  const scheduled = condition(pod, 'PodScheduled');
  const nominated: string | undefined = pod.status?.nominatedNodeName;
  return {
    ...(pod.spec.nodeName && { node: pod.spec.nodeName }),
    ...(scheduled?.status === 'False' && { reason: scheduled.reason, message: scheduled.message }),
    ...(nominated && { nominated }),
    ...(condition(pod, 'DisruptionTarget') && { victim: true as const }),
    ...(pod.metadata.deletionTimestamp && { deleting: true as const }),
  };
}
