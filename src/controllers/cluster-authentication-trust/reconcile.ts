import type { CertificateAuthority } from '../../lib/x509/authority.ts';
import type { Controller, Key } from '../../reconcile/plan.ts';

export const TRUST = 'cluster-authentication-trust';
export const TRUST_KEY: Key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
const CLIENT_CA = 'client-ca-file';

const isTrust = ({ namespace, name }: { namespace?: string; name: string }): boolean =>
  namespace === TRUST_KEY.namespace && name === TRUST_KEY.name;

/**
 * Tells extension servers by which authority client certificates of this cluster are verified (controlplane/controller/clusterauthenticationtrust). A copy of
 * a cluster has an authority of its own, and so does not keep what its source wrote there.
 */
export const clusterAuthenticationTrust = (authority: () => CertificateAuthority | undefined): Controller => ({
  name: TRUST,
  manager: 'kube-apiserver',
  user: 'system:apiserver',
  watches: [
    { resource: 'configmaps', keys: ({ type, object }) => (type !== 'ADDED' && isTrust(object.metadata) ? [TRUST_KEY] : []) },
  ],
  reconcile: (key, view) => {
    const pem = isTrust(key) ? authority()?.pem : undefined;
    const { namespace, name } = TRUST_KEY;
    const map = view.get('configmaps', namespace, name);
    if (pem === undefined || map?.data?.[CLIENT_CA] === pem || !view.get('namespaces', '', namespace)) return { actions: [] };
    if (map) {
      return {
        actions: [{ verb: 'update', resource: 'configmaps', object: { ...map, data: { ...map.data, [CLIENT_CA]: pem } } }],
      };
    }
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace }, data: { [CLIENT_CA]: pem } };
    return { actions: [{ verb: 'create', resource: 'configmaps', object }] };
  },
});
