import { ACCOUNT_NAME, ACCOUNT_TOKEN, ACCOUNT_UID } from '../../api/core/token-secrets.ts';
import type { TokenIssuer } from '../../api/machinery/token-issuer.ts';
import { textToBase64 } from '../../lib/base64.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Controller, Key, Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';

const MANAGER = 'kube-controller-manager';
/** Of the controllers of upstream's manager, this one acts as the manager itself. */
const USER = 'system:kube-controller-manager';

const isToken = (secret: KubeObject): boolean => secret.type === ACCOUNT_TOKEN;
const accountNameOf = ({ metadata }: KubeObject): string => metadata.annotations?.[ACCOUNT_NAME] ?? '';
const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): Key => ({ namespace, name });

export interface TokenPorts {
  tokens: Pick<TokenIssuer, 'issueForSecret'>;
  /** PEM of the CA that the cluster's API is served under. */
  caPem?: string;
}

const tokenController = (ports: TokenPorts): Controller => ({
  name: 'serviceaccount-token',
  manager: MANAGER,
  user: USER,
  watches: [
    { resource: 'secrets', keys: ({ type, object }) => (type !== 'DELETED' && isToken(object) ? [keyOf(object)] : []) },
    {
      resource: 'serviceaccounts',
      keys: ({ type, object: { metadata } }, view) =>
        type !== 'DELETED'
          ? []
          : view
              .list('secrets', metadata.namespace)
              .filter((secret) => isToken(secret) && accountNameOf(secret) === metadata.name)
              .map(keyOf),
    },
  ],
  reconcile: ({ namespace, name }, view) => {
    const secret = view.get('secrets', namespace, name);
    return secret && isToken(secret) && accountNameOf(secret) ? sync(secret, view, ports) : { actions: [] };
  },
});

/** The account of a token Secret, if it is there and is the one that the Secret was made for. */
function accountOf(secret: KubeObject, view: View): KubeObject | undefined {
  const { namespace = '', annotations } = secret.metadata;
  const account = view.get('serviceaccounts', namespace, accountNameOf(secret));
  const uid = annotations?.[ACCOUNT_UID];
  return !uid || uid === account?.metadata.uid ? account : undefined;
}

/** syncSecret. */
function sync(secret: KubeObject, view: View, ports: TokenPorts): Plan {
  const { namespace = '', name, uid } = secret.metadata;
  const account = accountOf(secret, view);
  if (!account) {
    if (secret.metadata.deletionTimestamp) return { actions: [] };
    return { actions: [{ verb: 'delete', resource: 'secrets', namespace, name, uid }] };
  }
  const missing = missingData(secret, account, ports);
  if (!missing) return { actions: [] };
  const annotations = {
    ...secret.metadata.annotations,
    [ACCOUNT_NAME]: account.metadata.name,
    [ACCOUNT_UID]: account.metadata.uid,
  };
  const object = { ...secret, metadata: { ...secret.metadata, annotations }, data: { ...secret.data, ...missing } };
  return { actions: [{ verb: 'update', resource: 'secrets', object }] };
}

/** What the Secret is to have and has not. */
function missingData(secret: KubeObject, account: KubeObject, { tokens, caPem }: TokenPorts): Obj | undefined {
  const { data = {} } = secret;
  const missing: Obj = {};
  const ca = caPem && textToBase64(caPem);
  if (ca && data['ca.crt'] !== ca) missing['ca.crt'] = ca;
  if (!data.namespace) missing.namespace = textToBase64(secret.metadata.namespace ?? '');
  if (!data.token) missing.token = textToBase64(tokens.issueForSecret(account, secret));
  return Object.keys(missing).length ? missing : undefined;
}

/** A reference of an account to a Secret that was deleted: both names, and the account's uid if the Secret had it. */
const SEPARATOR = ':';

/** Takes Secrets that are gone out of the lists of their accounts (removeSecretReference). */
const references: Controller = {
  name: 'serviceaccount-token-references',
  manager: MANAGER,
  user: USER,
  watches: [
    {
      resource: 'secrets',
      keys: ({ type, object }) => {
        const account = accountNameOf(object);
        if (type !== 'DELETED' || !isToken(object) || !account) return [];
        const { namespace = '', name, annotations } = object.metadata;
        return [{ namespace, name: [account, annotations?.[ACCOUNT_UID] ?? '', name].join(SEPARATOR) }];
      },
    },
  ],
  reconcile: ({ namespace, name }, view) => {
    const [account, uid, secret] = name.split(SEPARATOR);
    const object = view.get('serviceaccounts', namespace, account);
    if (!object?.secrets || !secret || (uid && uid !== object.metadata.uid) || view.get('secrets', namespace, secret)) {
      return { actions: [] };
    }
    const secrets = object.secrets.filter((one: Obj) => one.name !== secret);
    if (secrets.length === object.secrets.length) return { actions: [] };
    return { actions: [{ verb: 'update', resource: 'serviceaccounts', object: { ...object, secrets } }] };
  },
};

/** Fills token Secrets, and deletes those whose account is gone (pkg/controller/serviceaccount/tokens_controller.go). */
export const serviceAccountTokens = (ports: TokenPorts): Controller[] => [tokenController(ports), references];
