import type { KubeObject, Obj } from '../../lib/json.ts';
import { parseTime } from '../../api/machinery/time.ts';
import type { Controller } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';

const REASON = 'RemovingNode';

/**
 * Records the Event of a deleted node (monitorNodeHealth's RecordNodeEvent). Its keys are what is left of a node: the uid, in the
 * place of a namespace, and the name.
 */
export const nodeRemoval: Controller = {
  name: 'node-removal',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:node-controller',
  watches: [
    {
      resource: 'nodes',
      keys: ({ type, object: { metadata } }) =>
        type === 'DELETED' ? [{ namespace: metadata.uid ?? '', name: metadata.name }] : [],
    },
  ],
  reconcile: ({ namespace: uid, name }, view) => {
    if (view.get('nodes', '', name)?.metadata.uid === uid) return { actions: [] };
    if (removals(view, name).some((event) => event.involvedObject.uid === uid)) return { actions: [] };
    const regarding = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid } } as KubeObject;
    const message = `Node ${name} event: Removing Node ${name} from Controller`;
    return { actions: [{ verb: 'event', regarding, type: 'Normal', reason: REASON, message, component: 'node-controller' }] };
  },
};

/** The name of the node whose deletion an Event tells; undefined for another Event. */
export const removedNode = ({ involvedObject, reason }: Obj): string | undefined =>
  reason === REASON && involvedObject.kind === 'Node' ? involvedObject.name : undefined;

const removals = (view: View, node: string): Obj[] =>
  view.list('events', 'default').filter((event) => removedNode(event) === node);

/** The time at which the last node of the name was deleted, ms; undefined when it is not known. */
export function removedAt(view: View, node: string): number | undefined {
  const times = removals(view, node).map((event) => parseTime(event.lastTimestamp ?? event.metadata.creationTimestamp));
  return times.length ? Math.max(...times) : undefined;
}
