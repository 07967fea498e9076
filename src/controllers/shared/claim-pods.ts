import { claimNamesOf } from '../../api/core/volume/binding.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { IndexDefinition, View } from '../../registry/view.ts';

/** Names of pods by the claims that they use, by namespace and name (pkg/controller/volume/common PodPVCIndex). */
type PodsOfClaims = Map<string, Set<string>>;

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

function note(index: PodsOfClaims, pod: KubeObject, isIn: boolean): void {
  const { namespace, name } = pod.metadata;
  for (const claim of claimNamesOf(pod)) {
    const key = keyOf(namespace, claim);
    const pods = index.get(key);
    if (isIn) {
      if (pods) pods.add(name);
      else index.set(key, new Set([name]));
    } else if (pods?.delete(name) && !pods.size) index.delete(key);
  }
}

const INDEX: IndexDefinition<PodsOfClaims> = {
  name: 'pods by claim',
  resources: ['pods'],
  build(view) {
    const index: PodsOfClaims = new Map();
    for (const pod of view.list('pods')) note(index, pod, true);
    return index;
  },
  apply(index, { type, object, old }) {
    // Most changes are of a pod's status.
    if (type === 'MODIFIED' && object.metadata.generation && object.metadata.generation === old?.metadata.generation) return;
    if (old) note(index, old, false);
    note(index, object, type !== 'DELETED');
  },
};

/** The pods that use a claim, in the order of their names. */
export function podsOfClaim(view: View, namespace: string | undefined, name: string): KubeObject[] {
  const names = view.index(INDEX).get(keyOf(namespace, name));
  if (!names) return [];
  return [...names].sort().flatMap((pod) => view.get('pods', namespace ?? '', pod) ?? []);
}
