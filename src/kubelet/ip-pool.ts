import { AddressPools } from '../api/machinery/address-pools.ts';
import type { KubeObject } from '../lib/json.ts';
import type { IndexDefinition, View } from '../registry/view.ts';

function addressOf(pod: KubeObject): string | undefined {
  const { phase, podIP } = pod.status ?? {};
  if (!podIP || pod.spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return undefined;
  return podIP;
}

/**
 * Which pod addresses are in use, derived from the pods in the store: an index of the view. A pod holds its address until it is finished
 * or gone, so two live pods never share one (SPEC KUB6).
 */
const INDEX: IndexDefinition<AddressPools> = {
  name: 'pod addresses',
  resources: ['pods'],
  build(view) {
    const pools = new AddressPools();
    for (const pod of view.list('pods')) pools.count(addressOf(pod), 1);
    return pools;
  },
  apply(pools, { type, object, old }) {
    const before = old && addressOf(old);
    const after = type === 'DELETED' ? undefined : addressOf(object);
    if (before === after) return;
    pools.count(before, -1);
    pools.count(after, 1);
  },
};

/** A free pod address of the range; undefined when there is none, or the range is not IPv4. */
export const freeAddress = (podCIDR: string | undefined, view: View): string | undefined =>
  podCIDR === undefined ? undefined : view.index(INDEX).free(podCIDR);
