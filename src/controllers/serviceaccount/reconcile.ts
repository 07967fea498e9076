import { type Controller, type Key, type Mapping, byObject, type Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { equal } from '../../lib/json.ts';

const DEFAULT = 'default';
const ROOT_CA = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const DESCRIBED =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal' +
  ' service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Maps an object of a given name to the key of its namespace. */
const namespaceOf = (resource: string, name: string): Mapping => ({
  resource,
  keys: ({ type, object }) =>
    type !== 'ADDED' && object.metadata.name === name ? [{ namespace: '', name: object.metadata.namespace ?? '' }] : [],
});

/** Creates the ServiceAccount "default" in every active namespace (serviceaccounts_controller.go). */
export const serviceAccountController: Controller = {
  name: 'serviceaccount',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:service-account-controller',
  watches: [byObject('namespaces'), namespaceOf('serviceaccounts', DEFAULT)],
  reconcile: ({ name: namespace }, view) => {
    if (!isActive(namespace, view) || view.get('serviceaccounts', namespace, DEFAULT)) return { actions: [] };
    const object = { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: DEFAULT, namespace } };
    return { actions: [{ verb: 'create', resource: 'serviceaccounts', object }] };
  },
};

/** Keeps the ConfigMap kube-root-ca.crt in every namespace (rootcacertpublisher/publisher.go). */
export function rootCaPublisher(caOf: (view: View) => string | undefined): Controller {
  return {
    name: 'root-ca-certificate-publisher',
    manager: 'kube-controller-manager',
    user: 'system:serviceaccount:kube-system:root-ca-cert-publisher',
    watches: [byObject('namespaces'), namespaceOf('configmaps', ROOT_CA)],
    reconcile: (key, view) => publish(key, view, caOf(view)),
  };
}

function publish({ name: namespace }: Key, view: View, ca: string | undefined): Plan {
  if (ca === undefined || !isActive(namespace, view)) return { actions: [] };
  const data = { 'ca.crt': ca };
  const annotations = { [DESCRIPTION]: DESCRIBED };
  const map = view.get('configmaps', namespace, ROOT_CA);
  if (!map) {
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: ROOT_CA, namespace, annotations }, data };
    return { actions: [{ verb: 'create', resource: 'configmaps', object }] };
  }
  if (equal(map.data ?? {}, data) && map.metadata.annotations?.[DESCRIPTION]) return { actions: [] };
  const metadata = { ...map.metadata, annotations: { ...map.metadata.annotations, ...annotations } };
  return { actions: [{ verb: 'update', resource: 'configmaps', object: { ...map, metadata, data } }] };
}

function isActive(name: string, view: View): boolean {
  const namespace = view.get('namespaces', '', name);
  return namespace !== undefined && !namespace.metadata.deletionTimestamp && (namespace.status?.phase ?? 'Active') === 'Active';
}
