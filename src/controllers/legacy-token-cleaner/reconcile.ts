import { secretNames } from '../../api/core/pod/secret-names.ts';
import { ACCOUNT_NAME, ACCOUNT_TOKEN, ACCOUNT_UID, INVALID_SINCE, LAST_USED } from '../../api/core/token-secrets.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Controller, Key, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';

const DAY_MS = 86_400_000;
/** How long a token must not have been used (kube-controller-manager --legacy-service-account-token-clean-up-period). */
const UNUSED_MS = 365 * DAY_MS;
const TRACKING = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Start of a day (UTC), ms; undefined: no date. */
function dayOf(text: string | undefined): number | undefined {
  const at = text !== undefined && DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

const isToken = (secret: KubeObject): boolean => secret.type === ACCOUNT_TOKEN;
const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): Key => ({ namespace, name });

/**
 * Marks token Secrets that an account lists and nobody uses as invalid, and deletes them as long after that
 * (pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go, which looks once a day).
 */
export const legacyTokenCleaner: Controller = {
  name: 'legacy-serviceaccount-token-cleaner',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:legacy-service-account-token-cleaner',
  watches: [
    { resource: 'secrets', keys: ({ type, object }) => (type !== 'DELETED' && isToken(object) ? [keyOf(object)] : []) },
    {
      resource: 'serviceaccounts',
      keys: ({ object: { metadata, secrets = [] } }) =>
        secrets.flatMap(({ name }: Obj) => (name ? [{ namespace: metadata.namespace ?? '', name }] : [])),
    },
  ],
  reconcile: ({ namespace, name }, view, { now }) => {
    const secret = view.get('secrets', namespace, name);
    if (!secret || !isToken(secret) || secret.metadata.deletionTimestamp || !isListed(secret, view)) return { actions: [] };
    const due = dueAt(secret, view);
    if (due === undefined) return { actions: [] };
    if (now < due) return { actions: [], requeueAt: due };
    // Nothing but the pods' own changes would tell when the last of them is gone: looked at each day, as upstream does.
    if (isMounted(secret, view)) return { actions: [], requeueAt: (Math.floor(now / DAY_MS) + 1) * DAY_MS };
    return clean(secret, now);
  },
};

/** Whether the account of the Secret is there and lists it: such a Secret was made by itself, once. */
function isListed({ metadata }: KubeObject, view: View): boolean {
  const account = view.get('serviceaccounts', metadata.namespace ?? '', metadata.annotations?.[ACCOUNT_NAME] ?? '');
  const uid = metadata.annotations?.[ACCOUNT_UID];
  if (!account || (uid && uid !== account.metadata.uid)) return false;
  return (account.secrets ?? []).some((one: Obj) => one.name === metadata.name);
}

/** From when on it counts as unused: tracked, there and not used for long enough. Undefined: it cannot be said. */
function dueAt({ metadata }: KubeObject, view: View): number | undefined {
  const since = dayOf(view.get('configmaps', TRACKING.namespace, TRACKING.name)?.data?.since);
  const label = metadata.labels?.[LAST_USED];
  const used = dayOf(label);
  if (since === undefined || (label !== undefined && used === undefined)) return undefined;
  const tracked = since + DAY_MS + UNUSED_MS;
  const created = Date.parse(metadata.creationTimestamp) + UNUSED_MS + 1;
  return Math.max(tracked, created, used === undefined ? 0 : used + DAY_MS + UNUSED_MS);
}

const isMounted = ({ metadata: { namespace, name } }: KubeObject, view: View): boolean =>
  view.list('pods', namespace).some((pod) => secretNames(pod.spec).includes(name));

function clean(secret: KubeObject, now: number): Plan {
  const { namespace = '', name, labels, resourceVersion } = secret.metadata;
  const since = dayOf(labels?.[INVALID_SINCE]);
  if (since === undefined) {
    const marked = { ...labels, [INVALID_SINCE]: new Date(now).toISOString().slice(0, 10) };
    return {
      actions: [{ verb: 'update', resource: 'secrets', object: { ...secret, metadata: { ...secret.metadata, labels: marked } } }],
    };
  }
  const end = since + DAY_MS + UNUSED_MS;
  if (now < end) return { actions: [], requeueAt: end };
  return { actions: [{ verb: 'delete', resource: 'secrets', namespace, name, resourceVersion }] };
}
