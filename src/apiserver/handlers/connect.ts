import { badRequest, internalError } from '../../api/machinery/status-errors.ts';
import { subresourceOf } from '../../api/machinery/subresources.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';

/**
 * The subresources that reach into a container, a node or a service (handlers/rest.go ConnectResource): their answers are not
 * negotiated. By name alone, so that anonymous clients get the same answer whatever the cluster serves.
 */
export const CONNECTS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Checks a connection, and answers when no kubelet can. */
export function connect(call: Call, { registry }: Deps, { subresource, kind }: Target): Answer {
  const { namespace, name } = call.info;
  const { locate, proxies } = subresourceOf(kind, subresource) ?? {};
  const object = registry.decode(registry.get(kind, namespace, proxies ? proxied(name, kind.singular) : name));
  const container = call.query.get('container') ?? '';
  const node = locate?.(object, { container, get: (...key) => registry.object(...key) });
  if (node === undefined) return { status: 200, headers: { 'content-type': 'text/plain' }, body: '' };
  throw internalError(`error dialing backend: no kubelet answers on node ${node}`);
}

/** The name in [scheme:]name[:port] (apimachinery util/net SplitSchemeNamePort). */
function proxied(text: string, singular: string): string {
  const parts = text.split(':');
  const name = parts.length === 3 ? parts[1] : parts[0];
  const scheme = parts.length === 3 ? parts[0] : '';
  if (name && parts.length < 4 && ['', 'http', 'https'].includes(scheme)) return name;
  throw badRequest(`invalid ${singular} request ${JSON.stringify(text)}`);
}
