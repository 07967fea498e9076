import { badRequest, failure, internalError, notFoundError } from '../../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Answer, Call, Deps, Target } from '../call.ts';

/** Subresources that reach into a container, a node or a service: they need a kubelet that answers (handlers/rest.go ConnectResource). */
const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

export const isConnect = (subresource: string): boolean => CONNECTS.has(subresource);

/** What the server says before, and when, it finds no kubelet that could answer. */
export function connect(call: Call, deps: Deps, target: Target): Answer {
  const { info } = call;
  const { subresource, kind } = target;
  const name = subresource === 'proxy' ? proxied(info.name, kind.resource) : info.name;
  const object = deps.registry.decode(deps.registry.get(kind, info.namespace, name));
  if (kind.resource === 'nodes') throw unreachable(name);
  if (kind.resource === 'services') return service(object, deps.registry);
  if (subresource === 'log') return log(object, call.query.get('container') ?? '');
  if (subresource === 'exec' || subresource === 'attach') checkContainer(object, call.query.get('container') ?? '');
  throw object.spec.nodeName ? unreachable(object.spec.nodeName) : unassigned(object);
}

/** The name in [scheme:]name[:port] (apimachinery util/net SplitSchemeNamePort). */
function proxied(text: string, resource: string): string {
  const parts = text.split(':');
  const name = parts.length === 3 ? parts[1] : parts[0];
  const scheme = parts.length === 3 ? parts[0] : '';
  if (name && parts.length < 4 && ['', 'http', 'https'].includes(scheme)) return name;
  throw badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(text)}`);
}

/** pkg/registry/core/service/storage ResourceLocation */
function service({ metadata, spec }: KubeObject, registry: Registry): Answer {
  const { name, namespace = '' } = metadata;
  const unavailable = (why: string) => failure(503, 'ServiceUnavailable', why);
  if (!spec.ports?.length) throw unavailable(`no service port "" found for service ${JSON.stringify(name)}`);
  const subsets: Obj[] = registry.object('endpoints', namespace, name)?.subsets ?? [];
  const node = subsets.flatMap((s) => s.addresses ?? []).find((a: Obj) => a.nodeName)?.nodeName;
  throw node ? unreachable(node) : unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

/** pkg/registry/core/pod/strategy.go LogLocation; a node without a kubelet knows no such address. */
function log(pod: KubeObject, container: string): Answer {
  checkContainer(pod, container);
  if (!pod.spec.nodeName) return { status: 200, headers: { 'content-type': 'text/plain' }, body: '' };
  const { name } = pod.metadata;
  const error = notFoundError({ group: '', resource: 'pods/log' }, name);
  error.status.message = `the server could not find the requested resource ( pods/log ${name})`;
  throw error;
}

/** validateContainer: a pod of several asks for a name. */
function checkContainer(pod: KubeObject, wanted: string): void {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const { name } = pod.metadata;
  const all: string[] = [...initContainers, ...containers, ...ephemeralContainers].map((c: Obj) => c.name);
  if (wanted && !all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  if (wanted || containers.length === 1) return;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}

const unassigned = (pod: KubeObject) => badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
const unreachable = (node: string) => internalError(`error dialing backend: no kubelet answers on node ${node}`);
