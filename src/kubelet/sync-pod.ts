import type { KubeObject } from '../lib/json.ts';
import { POD_ADDRESS_RETRY_MS } from './limits.ts';
import type { Action, Plan } from '../reconcile/plan.ts';
import { behaviourOf } from './runtimes/sim/behaviour.ts';
import { statusAfter } from './runtimes/sim/effects.ts';
import { eventsOf } from './runtimes/sim/says.ts';
import { nextStep } from './runtimes/sim/stage.ts';
import { fast } from './runtimes/sim/stages/fast.ts';
import { lifelike } from './runtimes/sim/stages/lifelike.ts';

const TABLES = { fast, lifelike };

/** What one pod of a virtual node needs now. Pure: `podIP` is asked for an address only when the pod has none. */
export function syncPod(pod: KubeObject, node: KubeObject, podIP: () => string | undefined, now: number): Plan {
  const behaviour = behaviourOf(pod, node);
  const { stage, at } = nextStep(TABLES[behaviour.stages], pod, behaviour, now);
  if (!stage) return { actions: [], requeueAt: at };
  const says = eventsOf(stage.says, pod, behaviour);
  if (stage.to === 'gone') return { actions: [...says, ...remove(pod)], why: [stage.name] };
  const hostIP = internalIP(node);
  const ip = pod.status?.podIP || (pod.spec.hostNetwork ? hostIP : podIP());
  if (!ip) return noAddress(pod, node, now);
  const status = statusAfter(pod, stage.to, behaviour, { hostIP, podIP: ip, now });
  const object = { ...pod, metadata: { ...pod.metadata }, status };
  return { actions: [...says, { verb: 'update', resource: 'pods', subresource: 'status', object }], why: [stage.name] };
}

/** The containers have stopped: the pod is finally deleted, unless finalizers hold what is left of it. */
function remove(pod: KubeObject): Action[] {
  const { namespace = '', name, uid, finalizers, deletionGracePeriodSeconds } = pod.metadata;
  if (finalizers?.length && deletionGracePeriodSeconds === 0) return [];
  return [{ verb: 'delete', resource: 'pods', namespace, name, uid, gracePeriodSeconds: 0 }];
}

const internalIP = (node: KubeObject): string =>
  (node.status?.addresses ?? []).find((a: { type: string }) => a.type === 'InternalIP')?.address ?? '';

function noAddress(pod: KubeObject, node: KubeObject, now: number): Plan {
  const message = `Failed to create pod sandbox: no address is free in ${node.spec?.podCIDR ?? 'the node, which has no podCIDR'}`;
  return {
    actions: [
      { verb: 'event', regarding: pod, type: 'Warning', reason: 'FailedCreatePodSandBox', message, component: 'kubelet' },
    ],
    requeueAt: now + POD_ADDRESS_RETRY_MS,
    why: [message],
  };
}
