import { badRequest, failure, internalError } from '../../api/machinery/status-errors.ts';
import type { Answer, Call, Deps, Target } from '../call.ts';

/** Subresources that reach into a container, a node or a service: they need a kubelet that answers (handlers/rest.go ConnectResource). */
const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

export const isConnect = (subresource: string): boolean => CONNECTS.has(subresource);

/** What the server says before it could reach a kubelet (pkg/registry/core/pod/strategy.go streamLocation, LogLocation). */
export function connect(call: Call, deps: Deps, target: Target): Answer {
  const { info, query } = call;
  const { registry } = deps;
  const object = registry.decode(registry.get(target.kind, info.namespace, info.name));
  if (target.kind.resource === 'nodes') throw unreachable(info.name);
  if (target.kind.resource === 'services') {
    throw failure(503, 'ServiceUnavailable', `no endpoints available for service ${JSON.stringify(info.name)}`);
  }
  const names: string[] = (object.spec.containers ?? []).map((c: { name: string }) => c.name);
  const wanted = query.get('container') ?? '';
  if (target.subresource !== 'portforward' && target.subresource !== 'proxy') checkContainer(info.name, names, wanted);
  if (!object.spec.nodeName) {
    if (target.subresource === 'log') return { status: 200, headers: { 'content-type': 'text/plain' }, body: '' };
    throw badRequest(`pod ${info.name} does not have a host assigned`);
  }
  throw unreachable(object.spec.nodeName);
}

function checkContainer(pod: string, names: string[], wanted: string): void {
  if (!wanted && names.length > 1) {
    throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names.join(' ')}]`);
  }
  if (wanted && !names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${pod}`);
}

const unreachable = (node: string) => internalError(`error dialing backend: no kubelet answers on node ${node}`);
