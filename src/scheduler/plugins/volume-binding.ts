import {
  annotated,
  annotation,
  boundVolume,
  claimNameOf,
  isFullyBound,
  notForPod,
  SELECTED_NODE,
} from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { Reader } from '../../registry/view.ts';
import { always, type Cycle, type Hint, type Plugin, type PreFilterResult, type Rejection, unresolvable } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { bySize, noProvision, reachable, volumeOn, type WaitingClaim, waitingClaim } from './claim-volumes.ts';

const NAME = 'VolumeBinding';
const CLAIMS = 'persistentvolumeclaims';
const CONFLICT = "node(s) didn't find available persistent volumes to bind";

/** The claims of a pod. */
interface Claims {
  /** Volumes of bound claims; undefined for one that does not exist. */
  volumes: (KubeObject | undefined)[];
  /** Claims that wait for their first consumer, by size. */
  waiting: WaitingClaim[];
  /** What they get on each node that passed. */
  onNode: Map<string, OnNode>;
}

interface OnNode {
  bindings: { claim: KubeObject; volume: KubeObject }[];
  provisions: KubeObject[];
}

function problemOf(claim: KubeObject | undefined, name: string, pod: KubeObject, ephemeral: boolean): string | undefined {
  if (!claim) {
    return ephemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === 'Lost') {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`;
  }
  if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
  return ephemeral ? notForPod(pod, claim) : undefined;
}

const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => `${namespace}/${name}`;

const isDelayed = (claim: KubeObject, view: Reader): boolean =>
  view.get('storage.k8s.io/storageclasses', '', classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';

/** Of claims, only a change of the pod's own can make it schedulable (isSchedulableAfterPersistentVolumeClaimChange). */
const concernsClaims: Hint = ({ pod, namespace }, { resource, object }) =>
  resource !== CLAIMS ||
  (object.metadata.namespace === namespace &&
    (pod.spec.volumes ?? []).some((volume: Obj) => claimNameOf(pod, volume) === object.metadata.name));

/** What the waiting claims get on a node, or why not (FindPodVolumes). */
function find({ waiting }: Claims, node: NodeInfo, { view, taken }: Cycle): OnNode | 'class' | 'space' {
  const found: OnNode = { bindings: [], provisions: [] };
  const chosen = new Set<string>();
  const isTaken = (name: string) => chosen.has(name) || taken.volumes.has(name);
  for (const one of waiting) {
    const shared = taken.claims.get(keyOf(one.claim));
    const selected = shared ?? annotation(one.claim, SELECTED_NODE);
    if (selected !== undefined && selected !== node.name) return 'class';
    // A pod of the same plan has seen to it.
    if (shared !== undefined) continue;
    const volume = selected === undefined ? volumeOn(one, node, isTaken) : undefined;
    if (volume) {
      chosen.add(volume.metadata.name);
      found.bindings.push({ claim: one.claim, volume });
    } else {
      const why = noProvision(one.claim, node, view);
      if (why) return why;
      found.provisions.push(one.claim);
    }
  }
  return found;
}

/** Claims exist, are bound or can be, and their volumes may be used on the node (plugins/volumebinding). */
export const volumeBinding: Plugin = {
  name: NAME,
  events: { 'volume/change': concernsClaims, 'node/add': always, 'node/label': always },
  preFilter({ pod, namespace }, { view, state }): PreFilterResult {
    const found: KubeObject[] = [];
    for (const volume of pod.spec.volumes ?? []) {
      const name = claimNameOf(pod, volume);
      if (!name) continue;
      const claim = view.get(CLAIMS, namespace, name);
      const problem = problemOf(claim, name, pod, Boolean(volume.ephemeral));
      if (problem || !claim) return { reject: unresolvable(problem ?? '') };
      found.push(claim);
    }
    if (!found.length) return 'skip';
    const open = found.filter((claim) => !isFullyBound(claim));
    if (open.some((claim) => claim.spec?.volumeName || !isDelayed(claim, view))) {
      return { reject: unresolvable('pod has unbound immediate PersistentVolumeClaims') };
    }
    const volumes = found.filter(isFullyBound).map((claim) => view.get('persistentvolumes', '', claim.spec.volumeName));
    const waiting = [...new Set(open)].map((claim) => waitingClaim(claim, view)).sort(bySize);
    state.set(NAME, { volumes, waiting, onNode: new Map() } satisfies Claims);
    return undefined;
  },
  filter(_pod, node, cycle): Rejection | undefined {
    const claims = cycle.state.get(NAME) as Claims;
    const reasons: string[] = [];
    if (claims.volumes.every((volume) => volume) && !claims.volumes.every((volume) => reachable(volume, node)))
      reasons.push("node(s) didn't match PersistentVolume's node affinity");
    const found = find(claims, node, cycle);
    if (found === 'class') reasons.push(CONFLICT);
    else if (found === 'space') reasons.push('node(s) did not have enough free storage');
    else claims.onNode.set(node.name, found);
    if (claims.volumes.some((volume) => !volume))
      reasons.push('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');
    return reasons.length ? unresolvable(...reasons) : undefined;
  },
  /**
   * The writes that make the binder bind the claims or the provisioner make their volumes (BindPodVolumes). The pod waits until the claims
   * are bound: its node is chosen anew then, and the claims leave only this one.
   */
  preBind(_pod, node, { state, taken }): Action[] | undefined {
    const claims = state.get(NAME) as Claims | undefined;
    const found = claims?.onNode.get(node.name);
    if (!found || !claims?.waiting.length) return undefined;
    const actions: Action[] = [];
    for (const { claim, volume } of found.bindings) {
      const bound = boundVolume(volume, claim);
      if (bound !== volume) actions.push({ verb: 'update', resource: 'persistentvolumes', object: bound });
      taken.volumes.add(volume.metadata.name);
      taken.claims.set(keyOf(claim), node.name);
    }
    for (const claim of found.provisions) {
      const isSelected = annotation(claim, SELECTED_NODE) !== undefined;
      if (!isSelected)
        actions.push({ verb: 'update', resource: CLAIMS, object: annotated(claim, { [SELECTED_NODE]: node.name }) });
      taken.claims.set(keyOf(claim), node.name);
    }
    return actions;
  },
};
