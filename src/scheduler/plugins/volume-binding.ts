import type { KubeObject, Obj } from '../../lib/json.ts';
import type { View } from '../../registry/view.ts';
import { type Plugin, type PreFilterResult, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { matchesTerms } from './node-affinity.ts';

const NAME = 'VolumeBinding';
/** Annotation that the volume controller sets once claim and volume refer to each other. */
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

interface Claims {
  /** Volumes of bound claims; undefined for one that does not exist. */
  volumes: (KubeObject | undefined)[];
  /** Claims that wait for their first consumer and can only take volumes that exist. */
  waiting: KubeObject[];
}

/** The name of the claim behind a volume (component-helpers ephemeral.VolumeClaimName). */
const claimName = (pod: KubeObject, volume: Obj): string | undefined =>
  volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);

function problemOf(claim: KubeObject | undefined, name: string, ephemeral: boolean): string | undefined {
  if (!claim) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === 'Lost') {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}"`;
  }
  return claim.metadata.deletionTimestamp ? `persistentvolumeclaim "${name}" is being deleted` : undefined;
}

const isBound = ({ spec, metadata }: KubeObject): boolean =>
  Boolean(spec?.volumeName) && metadata.annotations?.[BIND_COMPLETED] !== undefined;

const storageClass = (claim: KubeObject, view: View): KubeObject | undefined =>
  view.get('storage.k8s.io/storageclasses', '', claim.spec?.storageClassName ?? '');

/** An available volume of the claim's class and modes that may be used on the node. */
const fitsOn = (claim: KubeObject, node: NodeInfo, view: View): boolean =>
  view
    .list('persistentvolumes')
    .some(
      ({ spec, status }) =>
        status?.phase === 'Available' &&
        (spec.storageClassName ?? '') === claim.spec.storageClassName &&
        (claim.spec.accessModes ?? []).every((mode: string) => spec.accessModes?.includes(mode)) &&
        reachable(spec, node),
    );

const reachable = (volume: Obj, node: NodeInfo): boolean =>
  !volume.nodeAffinity?.required || matchesTerms(volume.nodeAffinity.required, node);

/** Claims exist, are bound or can be, and their volumes may be used on the node (plugins/volumebinding). */
export const volumeBinding: Plugin = {
  name: NAME,
  events: ['volume/change', 'node/add', 'node/label'],
  preFilter({ pod, namespace }, cycle): PreFilterResult {
    const claims: Claims = { volumes: [], waiting: [] };
    let any = false;
    let unbound = false;
    for (const volume of pod.spec.volumes ?? []) {
      const name = claimName(pod, volume);
      if (!name) continue;
      any = true;
      const claim = cycle.view.get('persistentvolumeclaims', namespace, name);
      const problem = problemOf(claim, name, Boolean(volume.ephemeral));
      if (problem || !claim) return { reject: unresolvable(problem ?? '') };
      if (isBound(claim)) claims.volumes.push(cycle.view.get('persistentvolumes', '', claim.spec.volumeName));
      else if (storageClass(claim, cycle.view)?.volumeBindingMode === 'WaitForFirstConsumer') claims.waiting.push(claim);
      else unbound = true;
    }
    if (unbound) return { reject: unresolvable('pod has unbound immediate PersistentVolumeClaims') };
    if (!any) return 'skip';
    cycle.state.set(NAME, claims);
    return undefined;
  },
  filter(_pod, node, { state, view }) {
    const { volumes, waiting } = state.get(NAME) as Claims;
    if (volumes.some((volume) => !volume))
      return unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    const reasons: string[] = [];
    if (volumes.some((volume) => !reachable(volume?.spec, node)))
      reasons.push("node(s) didn't match PersistentVolume's node affinity");
    const lacks = waiting.some(
      (claim) => storageClass(claim, view)?.provisioner === NO_PROVISIONER && !fitsOn(claim, node, view),
    );
    if (lacks) reasons.push("node(s) didn't find available persistent volumes to bind");
    return reasons.length ? unresolvable(...reasons) : undefined;
  },
};
