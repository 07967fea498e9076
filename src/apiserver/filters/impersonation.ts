import { badRequest } from '../../api/machinery/status-errors.ts';
import { resourceAttributes } from '../../authz/attributes.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import type { Call, Deps, Filter } from '../call.ts';
import { forbid } from './authorization.ts';

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
const ANONYMOUS = 'system:anonymous';
const SERVICE_ACCOUNT = 'system:serviceaccount:';
const EXTRA = 'impersonate-extra-';

/** Impersonates another user; each field is authorized (apiserver filters/impersonation). */
export const impersonation: Filter = (call, deps) => {
  const { request } = call;
  const name = request.header('impersonate-user');
  const groupHeader = request.header('impersonate-group');
  const uid = request.header('impersonate-uid');
  if (!name) {
    if (groupHeader || uid) throw badRequest(`requested ${goUser(uid, groupHeader)} without impersonating a user name`);
    return undefined;
  }
  const extra = extraHeaders(call);
  const check = (resource: string, group: string, more: object) => allowed(call, deps, resource, group, more);
  const asked = groupHeader ? groupHeader.split(',').map((g) => g.trim()) : [];
  const groups = [...asked];
  const account = splitAccount(name);
  if (account) {
    check('serviceaccounts', '', account);
    if (!groupHeader) groups.push('system:serviceaccounts', `system:serviceaccounts:${account.namespace}`);
  } else check('users', '', { name });
  for (const group of asked) check('groups', '', { name: group });
  for (const [key, values] of Object.entries(extra ?? {})) {
    for (const value of values) check('userextras', 'authentication.k8s.io', { name: value, subresource: key });
  }
  if (uid) check('uids', 'authentication.k8s.io', { name: uid });
  const wanted = name === ANONYMOUS ? [UNAUTHENTICATED] : [AUTHENTICATED, UNAUTHENTICATED];
  if (!groups.some((group) => wanted.includes(group))) groups.push(wanted[0]);
  const user: UserInfo = { username: name, groups, ...(uid && { uid }), ...(extra && { extra }) };
  call.user = user;
  call.audit?.impersonating(user);
  return undefined;
};

function allowed(call: Call, deps: Deps, resource: string, group: string, more: object): void {
  const attributes = resourceAttributes(call.user, 'impersonate', { resource, group, version: 'v1', ...more });
  const decision = deps.authorizer.authorize(attributes);
  if (decision.verdict !== 'allow') throw forbid(attributes, decision.reason);
}

/** system:serviceaccount:<namespace>:<name> */
function splitAccount(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(SERVICE_ACCOUNT)) return undefined;
  const parts = username.slice(SERVICE_ACCOUNT.length).split(':');
  return parts.length === 2 && parts[0] && parts[1] ? { namespace: parts[0], name: parts[1] } : undefined;
}

function extraHeaders({ request }: Call): Record<string, string[]> | undefined {
  let extra: Record<string, string[]> | undefined;
  for (const header of request.headerNames?.() ?? []) {
    const value = header.startsWith(EXTRA) && request.header(header);
    if (value) (extra ??= {})[unescape(header.slice(EXTRA.length))] = value.split(',').map((v) => v.trim());
  }
  return extra;
}

/** Keys are percent-encoded where a header's name could not hold them (unescapeExtraKey). */
function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Go's %#v of the user that was asked for. */
function goUser(uid: string | null, groups: string | null): string {
  const list = groups
    ? `[]string{${groups
        .split(',')
        .map((g) => JSON.stringify(g.trim()))
        .join(', ')}}`
    : '[]string(nil)';
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid ?? '')}, Groups:${list}, Extra:map[string][]string(nil)}`;
}
