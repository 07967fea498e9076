import { type Controller, byObject } from '../../reconcile/plan.ts';

const TTL = 'node.alpha.kubernetes.io/ttl';
/** Number of nodes -> seconds for which kubelets may cache secrets and config maps (ttl_controller.go). */
const STEPS: [number, number][] = [
  [100, 0],
  [500, 15],
  [1000, 30],
  [2000, 60],
];
const LONGEST = 300;

/** Sets the annotation by which kubelets know how long to cache secrets and config maps. */
export const ttlController: Controller = {
  name: 'ttl',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:ttl-controller',
  watches: [byObject('nodes')],
  reconcile: (key, view) => {
    const node = view.get('nodes', '', key.name);
    if (!node) return { actions: [] };
    const count = view.list('nodes').length;
    const seconds = String(STEPS.find(([most]) => count <= most)?.[1] ?? LONGEST);
    if (node.metadata.annotations?.[TTL] === seconds) return { actions: [] };
    const metadata = { ...node.metadata, annotations: { ...node.metadata.annotations, [TTL]: seconds } };
    return { actions: [{ verb: 'update', resource: 'nodes', object: { ...node, metadata } }] };
  },
};
