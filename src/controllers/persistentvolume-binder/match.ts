import { canHold, hasModes, isBoundTo } from '../../api/core/volume/binding.ts';
import { classOf, modesText } from '../../api/core/volume/persistent-volume-claim.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { View } from '../../registry/view.ts';
import { VOLUMES } from './resources.ts';
import { type Bucket, smallest, volumeIndex } from './volume-index.ts';

interface Candidates {
  modes: readonly string[];
  /** Volumes that are kept for the claim. */
  kept: KubeObject[];
  free?: Bucket;
}

/**
 * The volume for a claim (findBestMatchForClaim): of those with the fewest access modes one that is kept for it, else the smallest that
 * fits. While binding waits for a consumer, only one that is kept.
 */
export function bestMatch(claim: KubeObject, isDelayed: boolean, view: View): KubeObject | undefined {
  for (const { kept, free } of candidatesOf(claim, isDelayed, view)) {
    const found = kept.find((volume) => canHold(volume, claim)) ?? (free && smallest(free, claim, view));
    if (found) return found;
  }
  return undefined;
}

function candidatesOf(claim: KubeObject, isDelayed: boolean, view: View): Candidates[] {
  const index = volumeIndex(view);
  const byModes = new Map<string, Candidates>();
  const at = (modes: readonly string[]): Candidates => {
    const text = modesText([...modes]);
    const known = byModes.get(text) ?? { modes, kept: [] };
    byModes.set(text, known);
    return known;
  };
  const { namespace, name } = claim.metadata;
  for (const volumeName of [...index.keptFor(namespace, name)].sort()) {
    const volume = view.get(VOLUMES, '', volumeName);
    if (volume && isBoundTo(volume, claim) && hasModes(volume.spec?.accessModes, claim))
      at(volume.spec.accessModes).kept.push(volume);
  }
  if (!isDelayed) {
    for (const bucket of index.buckets(classOf(claim))) if (hasModes(bucket.modes, claim)) at(bucket.modes).free = bucket;
  }
  return [...byModes].sort(([a, x], [b, y]) => x.modes.length - y.modes.length || (a < b ? -1 : 1)).map(([, found]) => found);
}
