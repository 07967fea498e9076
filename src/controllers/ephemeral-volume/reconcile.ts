import { claimNameOf, notForPod } from '../../api/core/volume/binding.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action, Controller, Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { podsOfClaim } from '../shared/claim-pods.ts';
import { eventFor } from '../shared/events.ts';
import { newControllerRef } from '../shared/owners.ts';
import { createdAt, Speaker } from '../shared/said.ts';

const CLAIMS = 'persistentvolumeclaims';
/** The source of its Events. */
const COMPONENT = 'ephemeral_volume';

/** Creates the claims of pods' ephemeral volumes (pkg/controller/volume/ephemeral). */
export const ephemeralVolume: Controller = {
  name: 'ephemeral-volume',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:ephemeral-volume-controller',
  watches: [
    { resource: 'pods', keys: ({ type, object }) => (type === 'ADDED' ? keysOf(object) : []) },
    { resource: CLAIMS, keys: podsOfLostClaim },
  ],
  reconcile: (key, view, { now, maxWrites }) => {
    const pod = view.get('pods', key.namespace, key.name);
    return {
      actions:
        pod && !pod.metadata.deletionTimestamp
          ? missingClaims(pod, view, new Speaker(view, COMPONENT, now)).slice(0, maxWrites)
          : [],
    };
  },
  refused: (key, action, error, view) => {
    const pod = view.get('pods', key.namespace, key.name);
    if (!pod || action.verb !== 'create') return { actions: [] };
    const { name } = action.object.metadata;
    const volume = ephemeral(pod).find((one) => claimNameOf(pod, one) === name)?.name;
    const message = `ephemeral volume ${volume}: create PVC ${name}: ${error.message}`;
    return { actions: [eventFor(COMPONENT, pod, 'Warning', 'FailedBinding', message)] };
  },
};

const ephemeral = (pod: KubeObject): Obj[] => (pod.spec?.volumes ?? []).filter((volume: Obj) => volume.ephemeral);

function keysOf(pod: KubeObject): Key[] {
  const { namespace = '', name } = pod.metadata;
  return ephemeral(pod).length ? [{ namespace, name }] : [];
}

function podsOfLostClaim({ type, object }: Change, view: View): Key[] {
  if (type !== 'DELETED') return [];
  return podsOfClaim(view, object.metadata.namespace, object.metadata.name).flatMap(keysOf);
}

/** Claims to create, in the order of the volumes, up to one that somebody else's claim stands in the way of. */
function missingClaims(pod: KubeObject, view: View, speaker: Speaker): Action[] {
  const { namespace = '' } = pod.metadata;
  const actions: Action[] = [];
  for (const volume of ephemeral(pod)) {
    const name = claimNameOf(pod, volume) ?? '';
    const claim = view.get(CLAIMS, namespace, name);
    const why = claim && notForPod(pod, claim);
    if (why)
      return [
        ...actions,
        ...speaker.say(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${why}`, createdAt(pod)),
      ];
    if (!claim)
      actions.push({ verb: 'create', resource: CLAIMS, object: claimFor(pod, name, volume.ephemeral.volumeClaimTemplate ?? {}) });
  }
  return actions;
}

function claimFor(pod: KubeObject, name: string, { metadata = {}, spec }: Obj): Obj {
  const { annotations, labels } = metadata;
  const own = { name, namespace: pod.metadata.namespace, ownerReferences: [newControllerRef(pod)] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...own, ...(annotations && { annotations }), ...(labels && { labels }) },
    spec,
  };
}
