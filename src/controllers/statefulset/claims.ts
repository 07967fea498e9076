import { equal, type KubeObject, type OwnerReference } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { newControllerRef, withOwners } from '../shared/owners.ts';
import { claimsFor } from './identity.ts';

const CLAIMS = 'persistentvolumeclaims';

/** Claims of a pod that do not exist yet, each with its Event. */
export function missingClaims(
  set: KubeObject,
  ordinal: number,
  pod: string,
  view: View,
  event: (reason: string, message: string) => Action,
): Action[] {
  const { namespace = '', name } = set.metadata;
  return claimsFor(set, ordinal)
    .filter((claim) => !view.get(CLAIMS, namespace, claim.metadata.name))
    .flatMap((claim): Action[] => [
      { verb: 'create', resource: CLAIMS, object: claim },
      event('SuccessfulCreate', `Create Claim ${claim.metadata.name} Pod ${pod} in StatefulSet ${name} success`),
    ]);
}

/**
 * Owners of claims by spec.persistentVolumeClaimRetentionPolicy (updateClaimOwnerRefForSetAndPod): the set when claims go with
 * it, the pod
 * when claims go with a pod that is scaled down. Claims with another manager are left alone.
 */
export function retention(set: KubeObject, pod: KubeObject, ordinal: number, condemned: boolean, view: View): Action[] {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  const wanted: OwnerReference[] = [];
  if (whenScaled === 'Delete' && condemned) wanted.push(newControllerRef(pod));
  else if (whenDeleted === 'Delete') wanted.push(newControllerRef(set));
  return claimsFor(set, ordinal).flatMap((model): Action[] => {
    const claim = view.get(CLAIMS, set.metadata.namespace ?? '', model.metadata.name);
    const refs = claim?.metadata.ownerReferences ?? [];
    const ours = (ref: OwnerReference) => ref.uid === set.metadata.uid || ref.uid === pod.metadata.uid;
    if (!claim || claim.metadata.deletionTimestamp || refs.some((ref) => ref.controller && !ours(ref))) return [];
    const next = [...refs.filter((ref) => !ours(ref)), ...wanted];
    return equal(refs, next) ? [] : [{ verb: 'update', resource: CLAIMS, object: withOwners(claim, next) }];
  });
}
