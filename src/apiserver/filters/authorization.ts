import { forbiddenError, type StatusError } from '../../api/machinery/status-errors.ts';
import type { Attributes } from '../../authz/attributes.ts';
import type { Call, Filter } from '../call.ts';

const OPEN = new Set(['/healthz', '/livez', '/readyz', '/version']);

/** Refuses unauthorized requests: 403 in upstream's words (apiserver filters/authorization.go). */
export const authorization: Filter = (call, deps) => {
  if (call.user.groups.includes('system:masters')) return allowed(call, '');
  const attributes = attributesOf(call);
  const decision = deps.authorizer.authorize(attributes);
  if (decision.verdict === 'allow') return allowed(call, decision.reason);
  // Liveness and version stay open to everybody, whatever became of the role that says so.
  if (call.info.verb === 'get' && OPEN.has(call.info.path)) return allowed(call, '');
  annotate(call, 'forbid', decision.reason);
  throw forbid(attributes, decision.reason);
};

function allowed(call: Call, reason: string): undefined {
  annotate(call, 'allow', reason);
}

function annotate({ audit }: Call, decision: string, reason: string): void {
  audit?.annotate('authorization.k8s.io/decision', decision);
  audit?.annotate('authorization.k8s.io/reason', reason);
}

/** The authorization attributes of a request. */
export function attributesOf({ user, info }: Call): Attributes {
  const { verb, group, version, resource, subresource, namespace, name, isResource, path } = info;
  return { user, verb, group, version, resource, subresource, namespace, name, isResource, path };
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** responsewriters.ForbiddenStatusError */
export function forbid(a: Attributes, reason: string): StatusError {
  const message = escape(sentence(a));
  const resource = { group: a.isResource ? a.group : '', resource: a.isResource ? a.resource : '' };
  const error = forbiddenError(resource, a.name, reason ? `${message}: ${reason}` : message);
  error.headers['x-content-type-options'] = 'nosniff';
  return error;
}

function sentence(a: Attributes): string {
  const q = JSON.stringify;
  if (!a.isResource) return `User ${q(a.user.username)} cannot ${a.verb} path ${q(a.path)}`;
  const resource = a.subresource ? `${a.resource}/${a.subresource}` : a.resource;
  const where = a.namespace ? `in the namespace ${q(a.namespace)}` : 'at the cluster scope';
  return `User ${q(a.user.username)} cannot ${a.verb} resource ${q(resource)} in API group ${q(a.group)} ${where}`;
}
