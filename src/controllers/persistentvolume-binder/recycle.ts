import { capacityOf } from '../../api/core/volume/binding.ts';
import { quantity, value } from '../../api/machinery/quantity.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { RECYCLE_RETRY_MS } from '../limits.ts';
import { podsOfClaim } from '../shared/claim-pods.ts';
import { eventFor } from '../shared/events.ts';
import { deletion } from '../shared/objects.ts';
import { isTerminal } from '../shared/pods.ts';
import { sayingsAbout } from '../../reconcile/said.ts';
import { Speaker } from '../shared/said.ts';
import { failed, unbind } from './bind.ts';
import { CLAIMS, COMPONENT } from './resources.ts';

/** The prefix of the names of pods that clean volumes, and where they run. */
export const RECYCLER = 'recycler-for-';
export const RECYCLER_NAMESPACE = 'default';
const REASON = 'VolumeFailedRecycle';
const GI = 1024 ** 3;
/** Where pods run nothing, this one ends as if there had been something to delete (runtimes/simulated, SPEC SIM2). */
const SIMULATE = 'atoll.dev/simulate';
/** Seconds that cleaning may take, for each Gi of a volume: at least, and each. */
const TIMEOUTS: Record<string, { least: number; each: number }> = {
  hostPath: { least: 60, each: 30 },
  nfs: { least: 300, each: 30 },
};

/** Empties a volume by a pod and gives it back (recycleVolumeOperation). */
export function recycle(volume: KubeObject, view: View, now: number): Plan {
  const { namespace, name } = volume.spec.claimRef;
  const speaker = new Speaker(view, COMPONENT, now);
  const users = podsOfClaim(view, namespace, name).filter((pod) => !isTerminal(pod));
  if (users.length && !view.get(CLAIMS, namespace ?? '', name)) {
    const names = users.map((pod) => `${namespace}/${pod.metadata.name}`).join(',');
    return { actions: speaker.say(volume, 'Normal', REASON, `Volume is used by pods: ${names}`) };
  }
  const source = Object.keys(TIMEOUTS).find((field) => volume.spec[field]);
  if (!source) return { actions: failed(volume, REASON, 'No recycler plugin found for the volume!') };
  const pod = view.get('pods', RECYCLER_NAMESPACE, RECYCLER + volume.metadata.name);
  if (!pod) return { actions: [{ verb: 'create', resource: 'pods', object: recyclerPod(volume, source) }] };
  const said = sayingsAbout(view, pod).flatMap(({ type, message }) =>
    speaker.say(volume, type, 'RecyclerPod', `Recycler pod: ${message}`),
  );
  if (pod.metadata.deletionTimestamp || !isTerminal(pod)) return { actions: said };
  const end = ended(volume, pod, now);
  return { ...end, actions: [...said, ...end.actions] };
}

/** The end of cleaning: the volume is given back, or will be cleaned again. */
function ended(volume: KubeObject, pod: KubeObject, now: number): Plan {
  if (pod.status?.phase === 'Succeeded') {
    const done = eventFor(COMPONENT, volume, 'Normal', 'VolumeRecycled', 'Volume recycled');
    return { actions: [deletion('pods', pod), done, ...unbind(volume)] };
  }
  const why = pod.status?.message || 'pod failed, pod.Status.Message unknown';
  const actions: Action[] = failed(volume, REASON, `Recycle failed: failed to recycle volume: ${why}`);
  const again = parseTime(pod.metadata.creationTimestamp ?? '') + RECYCLE_RETRY_MS;
  return again > now ? { actions, requeueAt: again } : { actions: [...actions, deletion('pods', pod)] };
}

/** The pod that empties a volume (volume.NewPersistentVolumeRecyclerPodTemplate). */
function recyclerPod(volume: KubeObject, source: string): Obj {
  const { least, each } = TIMEOUTS[source];
  const size = Math.floor(value(quantity(capacityOf(volume))) / GI) * each;
  const { path, server } = volume.spec[source];
  const from = source === 'nfs' ? { nfs: { server, path } } : { hostPath: { path } };
  const command = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: RECYCLER + volume.metadata.name,
      namespace: RECYCLER_NAMESPACE,
      annotations: { [SIMULATE]: JSON.stringify({ exitCode: 0, exitSeconds: 2 }) },
    },
    spec: {
      activeDeadlineSeconds: Math.max(least, size),
      restartPolicy: 'Never',
      volumes: [{ name: 'vol', ...from }],
      containers: [
        {
          name: 'pv-recycler',
          image: 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.6',
          command: ['/bin/sh'],
          args: ['-c', command],
          volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        },
      ],
    },
  };
}
