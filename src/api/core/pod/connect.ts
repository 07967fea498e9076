/** Which node's kubelet answers for a pod (registry/core/pod/strategy.go ResourceLocation, LogLocation, streamLocation). */
import type { KubeObject, Obj } from '../../../lib/json.ts';
import type { ConnectRequest } from '../../machinery/define-kind.ts';
import { badRequest, notFoundError } from '../../machinery/status-errors.ts';

/** validateContainer: a pod of several asks for a name. */
function checkContainer(pod: KubeObject, wanted: string): void {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const { name } = pod.metadata;
  const all: string[] = [...initContainers, ...containers, ...ephemeralContainers].map((c: Obj) => c.name);
  if (wanted && !all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  if (wanted || containers.length === 1) return;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}

export function locatePod(pod: KubeObject): string {
  if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return pod.spec.nodeName;
}

export function locateContainer(pod: KubeObject, { container }: ConnectRequest): string {
  checkContainer(pod, container);
  return locatePod(pod);
}

/** A pod without a node has logged nothing; a node without a kubelet knows no such address. */
export function locateLog(pod: KubeObject, { container }: ConnectRequest): undefined {
  checkContainer(pod, container);
  if (!pod.spec.nodeName) return undefined;
  const { name } = pod.metadata;
  const error = notFoundError({ group: '', resource: 'pods/log' }, name);
  error.status.message = `the server could not find the requested resource ( pods/log ${name})`;
  throw error;
}
