import type { KubeObject, Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { availableAt } from '../shared/pods.ts';
import { revisionOfPod } from './identity.ts';

/** updateStatus and completeRollingUpdate, in the field order of StatefulSetStatus. */
export function statusOf(
  set: KubeObject,
  pods: KubeObject[],
  r: { current: KubeObject; update: KubeObject; collisions: number; now: number },
): Obj {
  const wanted = set.spec?.replicas ?? 1;
  const minReady = set.spec?.minReadySeconds ?? 0;
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isPodReady(pod));
  const available = ready.filter((pod) => (availableAt(pod, minReady) ?? Number.POSITIVE_INFINITY) <= r.now);
  const active = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  const of = (revision: KubeObject) => active.filter((pod) => revisionOfPod(pod) === revision.metadata.name).length;
  const updated = of(r.update);
  const complete =
    (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' &&
    updated === wanted &&
    ready.length === wanted &&
    pods.length === wanted;
  const current = complete ? updated : of(r.current);
  return {
    ...(set.metadata.generation && { observedGeneration: set.metadata.generation }),
    replicas: pods.length,
    ...(ready.length && { readyReplicas: ready.length }),
    ...(current && { currentReplicas: current }),
    ...(updated && { updatedReplicas: updated }),
    currentRevision: complete ? r.update.metadata.name : r.current.metadata.name,
    updateRevision: r.update.metadata.name,
    collisionCount: r.collisions,
    ...(set.status?.conditions && { conditions: set.status.conditions }),
    availableReplicas: available.length,
  };
}
