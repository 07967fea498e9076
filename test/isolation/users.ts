import { makeSecret, PREFIXES, type SecretPrefix } from '../../src/lib/secrets.ts';
import { encodeText, parseJwt } from '../../src/authn/jwt.ts';
import type { TestCluster } from '../host/make-cluster.ts';
import { OTHER, TEAM } from './cluster.ts';

/** Rights by upstream's ClusterRoles: everywhere, or in one namespace. */
export interface Grant {
  role: string;
  namespace?: string;
}

/** Somebody who comes to a cluster. */
export interface User {
  label: string;
  headers: Record<string, string>;
  /** `nobody`: refused as unknown. `anonymous`: nobody who does not claim to be somebody. */
  is: 'nobody' | 'anonymous' | 'user';
  /** Everything may be done. */
  master?: boolean;
  grants: Grant[];
  /** Asked to be somebody whom they may not be: this is the refusal's beginning, whatever is asked. */
  mayNotBe?: string;
  malformed?: boolean;
}

/** What whoever is known may do, by upstream's bindings to groups. */
const KNOWN: Grant[] = [{ role: 'system:basic-user' }, { role: 'system:discovery' }, { role: 'system:public-info-viewer' }];
const ACCOUNT: Grant[] = [...KNOWN, { role: 'system:service-account-issuer-discovery' }];

const HOUR = 3_600_000;
const rbac = 'rbac.authorization.k8s.io';
const secretOf = (prefix: SecretPrefix) => makeSecret(prefix, { token: (n) => 'W'.repeat(n * 2) });

function accountToken(host: TestCluster, namespace: string, name: string, spec: object = {}): string {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = host.request('POST', path, { spec });
  if (answer.status !== 201) throw new Error(`no token: ${answer.text}`);
  return answer.body.status.token;
}

const account = (host: TestCluster, namespace: string, name: string) =>
  host.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });

/** Another signature's last character, and no signature at all. */
const tampered = (token: string) => `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.at(-1)}`;

/** The same claims under another algorithm, unsigned. */
function unsigned(token: string): string {
  return `${encodeText('{"alg":"none"}')}.${token.split('.')[1]}.`;
}

/** The token's own signature under claims that name somebody else. */
function renamed(token: string): string {
  const jwt = parseJwt(token);
  if (!jwt) throw new Error('no token');
  const claims = JSON.stringify(jwt.claims).replaceAll('default', 'zz-present');
  const [head, , signature] = token.split('.');
  return `${head}.${encodeText(claims)}.${signature}`;
}

/** Service accounts and their tokens, good and bad. */
function accounts(host: TestCluster, elsewhere: TestCluster, bad: (label: string, token: string) => User): User[] {
  const bound = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'zz-bound' } };
  const plain = accountToken(host, TEAM, 'default');
  account(host, TEAM, 'zz-editor');
  account(host, TEAM, 'zz-gone');
  const goneToken = accountToken(host, TEAM, 'zz-gone');
  host.request('DELETE', `/api/v1/namespaces/${TEAM}/serviceaccounts/zz-gone`);
  // The same name, and another account.
  account(host, TEAM, 'zz-again');
  const againToken = accountToken(host, TEAM, 'zz-again');
  host.request('DELETE', `/api/v1/namespaces/${TEAM}/serviceaccounts/zz-again`);
  account(host, TEAM, 'zz-again');
  const pod = {
    metadata: { name: 'zz-bound' },
    spec: { containers: [{ name: 'c', image: 'x' }], terminationGracePeriodSeconds: 0 },
  };
  host.request('POST', `/api/v1/namespaces/${TEAM}/pods`, pod);
  const podToken = accountToken(host, TEAM, 'default', bound);
  host.request('DELETE', `/api/v1/namespaces/${TEAM}/pods/zz-bound`, { gracePeriodSeconds: 0 });
  host.request('POST', `/apis/${rbac}/v1/namespaces/${TEAM}/rolebindings`, {
    metadata: { name: 'zz-editor' },
    subjects: [{ kind: 'ServiceAccount', name: 'zz-editor', namespace: TEAM }],
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'edit' },
  });
  const good = (label: string, token: string, grants: Grant[] = []): User => ({
    label,
    is: 'user',
    headers: { authorization: `Bearer ${token}` },
    grants: [...ACCOUNT, ...grants],
  });
  return [
    good('service account', plain),
    good('service account of a pod', accountToken(host, OTHER, 'default')),
    good('service account that may edit its namespace', accountToken(host, TEAM, 'zz-editor'), [
      { role: 'edit', namespace: TEAM },
    ]),
    bad('service account of another cluster', accountToken(elsewhere, TEAM, 'default')),
    bad('service account for another audience', accountToken(host, TEAM, 'default', { audiences: ['vault'] })),
    bad('service account with a changed signature', tampered(plain)),
    bad('service account without a signature', unsigned(plain)),
    bad('service account with other claims', renamed(plain)),
    bad('service account that is gone', goneToken),
    bad('service account that was made again', againToken),
    bad('service account of a pod that is gone', podToken),
  ];
}

/** Every sort of visitor of the cluster `host`; `elsewhere` are other clusters. Add a row and the matrix sends it everywhere. */
export function usersOf(host: TestCluster, sibling: TestCluster, stranger: TestCluster): User[] {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const bad = (label: string, token: string): User => ({ label, headers: bearer(token), is: 'nobody', grants: [] });
  const issue = (id: string, role: 'view' | 'edit' | 'admin', expires?: number) =>
    host.cluster.issue({ id, username: `zz-${id}`, role, ...(expires !== undefined && { expires }) }, host.now);
  const [view, edit, admin] = [issue('viewer', 'view'), issue('editor', 'edit'), issue('administrator', 'admin')];
  const revoked = issue('revoked', 'admin');
  const expiring = issue('expiring', 'admin', host.now + HOUR);
  host.request('GET', '/api/v1/namespaces', undefined, bearer(expiring));
  const old = accountToken(host, TEAM, 'default', { expirationSeconds: 600 });
  host.request('GET', '/api/v1', undefined, bearer(old));
  // It was good a moment ago, and known to be: a memo of it must go too.
  host.request('GET', '/api/v1/namespaces', undefined, bearer(revoked));
  host.cluster.revoke({ ids: ['revoked'] });
  host.now += 2 * HOUR;
  const user = (label: string, token: string, grants: Grant[], more: Partial<User> = {}): User => ({
    label,
    headers: bearer(token),
    is: 'user',
    grants: [...KNOWN, ...grants],
    ...more,
  });
  const as = (label: string, token: string, name: string, more: Partial<User>, rest: Record<string, string> = {}): User => {
    const headers = { ...bearer(token), 'impersonate-user': name, ...rest };
    return { label, headers, is: 'user', grants: KNOWN, ...more };
  };
  const robot = `system:serviceaccount:${TEAM}:zz-editor`;
  const asRobot: Partial<User> = { grants: [...ACCOUNT, { role: 'edit', namespace: TEAM }] };
  return [
    { label: 'none', headers: {}, is: 'anonymous', grants: [{ role: 'system:public-info-viewer' }] },
    {
      ...bad('another scheme', ''),
      label: 'another scheme',
      is: 'anonymous',
      headers: { authorization: `Basic ${admin}` },
      grants: [{ role: 'system:public-info-viewer' }],
    },
    bad('garbage', 'garbage'),
    bad('right form, never made', secretOf(PREFIXES.credential)),
    bad('API token', secretOf(PREFIXES.token)),
    bad('session', secretOf(PREFIXES.session)),
    bad('operator', secretOf(PREFIXES.operator)),
    bad('invitation', secretOf(PREFIXES.invitation)),
    bad('device', secretOf(PREFIXES.device)),
    bad('cut short', admin.slice(0, -1)),
    bad('upper case', admin.toUpperCase()),
    bad('credential of another cluster of the account', sibling.token),
    bad('credential of a cluster of another account', stranger.token),
    bad('credential revoked', revoked),
    bad('credential expired', expiring),
    bad('service account expired', old),
    user('view', view, [{ role: 'view' }]),
    user('edit', edit, [{ role: 'edit' }]),
    user('admin', admin, [], { master: true }),
    ...accounts(host, sibling, bad),
    as('admin as somebody', admin, 'alice', {}),
    as('admin as a viewer', admin, 'alice', { grants: [...KNOWN, { role: 'view' }] }, { 'impersonate-group': 'atoll:view' }),
    as('admin as a service account', admin, robot, asRobot),
    as('admin as nobody', admin, 'system:anonymous', { grants: [{ role: 'system:public-info-viewer' }] }),
    as('edit as a service account', edit, robot, asRobot),
    as('edit as somebody', edit, 'alice', { mayNotBe: 'users "alice" is forbidden' }),
    as(
      'edit as a service account of masters',
      edit,
      robot,
      { mayNotBe: 'groups "system:masters" is forbidden' },
      { 'impersonate-group': 'system:masters' },
    ),
    as('view as somebody', view, 'alice', { mayNotBe: 'users "alice" is forbidden' }),
    as(
      'view as the administrator',
      view,
      'zz-administrator',
      { mayNotBe: 'users "zz-administrator" is forbidden' },
      { 'impersonate-group': 'system:masters' },
    ),
    as(
      'view with extras',
      view,
      robot,
      { mayNotBe: 'serviceaccounts "zz-editor" is forbidden' },
      { 'impersonate-extra-scopes': 'all' },
    ),
    as(
      'somebody unknown as the administrator',
      secretOf(PREFIXES.credential),
      'zz-administrator',
      { is: 'nobody' },
      { 'impersonate-group': 'system:masters' },
    ),
    {
      ...user('view with a group and no name', view, []),
      headers: { ...bearer(view), 'impersonate-group': 'system:masters' },
      malformed: true,
    },
  ];
}
