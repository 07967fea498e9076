import type { KubeObject } from '../lib/json.ts';
import type { View } from '../registry/view.ts';
import type { Runtime, RuntimeTable } from './runtime.ts';

const RUNTIME_CLASSES = 'node.k8s.io/runtimeclasses';
/** On a node: the handler of its pods that name no RuntimeClass. */
export const NODE_RUNTIME = 'atoll.dev/runtime';

/** The runtime that executes a pod: by the handler of its RuntimeClass, else by its node, else the table's default. */
export function runtimeOf(pod: KubeObject, node: KubeObject | undefined, view: View, runtimes: RuntimeTable): Runtime {
  if (runtimes.byHandler.size === 0) return runtimes.default;
  const name: string | undefined = pod.spec?.runtimeClassName;
  const handler: string | undefined =
    (name && view.get(RUNTIME_CLASSES, '', name)?.handler) || node?.metadata.annotations?.[NODE_RUNTIME];
  return (handler && runtimes.byHandler.get(handler)) || runtimes.default;
}

export const runtimesOf = ({ default: first, byHandler }: RuntimeTable): Runtime[] => [
  ...new Set([first, ...byHandler.values()]),
];
