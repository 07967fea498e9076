import { capacityOf, canHold, canTake, hasModes, isBoundTo, NO_PROVISIONER, requestOf } from '../../api/core/volume/binding.ts';
import { classOf } from '../../api/core/volume/persistent-volume-claim.ts';
import { fromLabelSelector, matches } from '../../api/machinery/labels.ts';
import { cmp, quantity, value } from '../../api/machinery/quantity.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { IndexDefinition, Reader } from '../../registry/view.ts';
import type { NodeInfo } from '../node-info.ts';
import { matchesTerms } from './node-affinity.ts';

/** What a claim that waits for its first consumer can get on a node (plugins/volumebinding/binder.go). */

const VOLUMES = 'persistentvolumes';

/** Names of volumes by their class. */
type ByClass = Map<string, Set<string>>;

const INDEX: IndexDefinition<ByClass> = {
  name: 'volumes by class',
  resources: [VOLUMES],
  build(view) {
    const index: ByClass = new Map();
    for (const volume of view.list(VOLUMES)) note(index, volume, true);
    return index;
  },
  apply(index, { type, object, old }) {
    if (old) note(index, old, false);
    note(index, object, type !== 'DELETED');
  },
};

function note(index: ByClass, volume: KubeObject, isIn: boolean): void {
  const key = classOf(volume);
  const names = index.get(key);
  if (isIn) {
    if (names) names.add(volume.metadata.name);
    else index.set(key, new Set([volume.metadata.name]));
  } else if (names?.delete(volume.metadata.name) && !names.size) index.delete(key);
}

/** A claim with the volumes that exist for it, whatever the node. */
export interface WaitingClaim {
  claim: KubeObject;
  /** A volume that is kept for it. */
  kept?: KubeObject;
  /** Volumes that it can take, the smallest first. */
  free: KubeObject[];
}

export function waitingClaim(claim: KubeObject, view: Reader): WaitingClaim {
  const names = [...(view.index(INDEX).get(classOf(claim)) ?? [])].sort();
  const volumes = names.flatMap((name) => view.get(VOLUMES, '', name) ?? []);
  const kept = volumes.find((volume) => isBoundTo(volume, claim) && canHold(volume, claim));
  const free = volumes.filter((volume) => canTake(volume, claim) && hasModes(volume.spec.accessModes, claim));
  return { claim, kept, free: free.sort((a, b) => cmp(quantity(capacityOf(a)), quantity(capacityOf(b)))) };
}

export const bySize = (a: WaitingClaim, b: WaitingClaim): number =>
  cmp(quantity(requestOf(a.claim)), quantity(requestOf(b.claim)));

/** Whether a volume may be used on the node. */
export const reachable = (volume: KubeObject | undefined, node: NodeInfo): boolean =>
  !volume?.spec?.nodeAffinity?.required || matchesTerms(volume.spec.nodeAffinity.required, node);

/** The volume for a claim on a node (FindMatchingVolume), other than those that are taken. */
export function volumeOn(
  { kept, free }: WaitingClaim,
  node: NodeInfo,
  isTaken: (name: string) => boolean,
): KubeObject | undefined {
  if (kept && !isTaken(kept.metadata.name)) return reachable(kept, node) ? kept : undefined;
  return free.find((volume) => !isTaken(volume.metadata.name) && reachable(volume, node));
}

/** Why no volume can be made for a claim on a node, if none can (checkVolumeProvisions). */
export function noProvision(claim: KubeObject, node: NodeInfo, view: Reader): 'class' | 'space' | undefined {
  const found = view.get('storage.k8s.io/storageclasses', '', classOf(claim));
  if (!found?.provisioner || found.provisioner === NO_PROVISIONER) return 'class';
  const labels = node.node?.metadata.labels ?? {};
  if (!allowed(found.allowedTopologies, labels)) return 'class';
  return hasSpace(claim, found, labels, view) ? undefined : 'space';
}

/** MatchTopologySelectorTerms. */
const allowed = (terms: Obj[] | undefined, labels: Record<string, string>): boolean =>
  !terms?.length ||
  terms.some((term) => (term.matchLabelExpressions ?? []).every((e: Obj) => e.values?.includes(labels[e.key]) === true));

/** Whether the driver has room for a volume on such nodes, if it says how much it has (hasEnoughCapacity). */
function hasSpace(claim: KubeObject, found: KubeObject, labels: Record<string, string>, view: Reader): boolean {
  const asked = requestOf(claim);
  const driver = view.get('storage.k8s.io/csidrivers', '', found.provisioner);
  if (asked === undefined || !driver?.spec?.storageCapacity) return true;
  const size = value(quantity(asked));
  return view.list('storage.k8s.io/csistoragecapacities').some((capacity) => {
    const limit = capacity.maximumVolumeSize ?? capacity.capacity;
    if (capacity.storageClassName !== found.metadata.name || limit === undefined || value(quantity(limit)) < size) return false;
    return capacity.nodeTopology !== undefined && matches(fromLabelSelector(capacity.nodeTopology), labels);
  });
}
