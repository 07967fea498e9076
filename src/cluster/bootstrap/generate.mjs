// Writes objects.generated.json: what a fresh Kubernetes 1.36 API server makes by itself (its RBAC policy, priority classes, flow schemas,
// namespaces, ...), read from a running one that no controller has touched.
//
//   node src/cluster/bootstrap/generate.mjs KUBECONFIG [KUBECONFIG-OF-ONE-WITH-CONTROLLERS]
//
// The second one gives what controllers fill in: the rules of aggregated ClusterRoles, the status of the ServiceCIDR.
// The file is an array of {resource, object} in order of creation. uid, resourceVersion and creationTimestamp are left out; every other
// time is "<time>", every date "<date>", the CA of client certificates "<ca>". What else belongs to that one server (its identity lease) is
// left out too.
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { load } from 'js-yaml';

const WANTED = [
  ['', 'v1', 'namespaces'],
  ['', 'v1', 'configmaps'],
  ['', 'v1', 'services'],
  ['networking.k8s.io', 'v1', 'servicecidrs'],
  ['networking.k8s.io', 'v1', 'ipaddresses'],
  ['rbac.authorization.k8s.io', 'v1', 'clusterroles'],
  ['rbac.authorization.k8s.io', 'v1', 'clusterrolebindings'],
  ['rbac.authorization.k8s.io', 'v1', 'roles'],
  ['rbac.authorization.k8s.io', 'v1', 'rolebindings'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas'],
  ['flowcontrol.apiserver.k8s.io', 'v1', 'prioritylevelconfigurations'],
  ['apiregistration.k8s.io', 'v1', 'apiservices'],
];
const NAMESPACES = new Set(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
/** Field managers of the server itself; whatever others touched belongs to controllers, or to people who use the server meanwhile. */
const OWN = /^(kube-apiserver|kubernetes-service-cidr-controller|api-priority-and-fairness-config-(consumer|producer)-v1)$/;
const foreign = (object) =>
  object.metadata.managedFields?.some((f) => !OWN.test(f.manager)) || (object.spec?.parentRef && object.spec.parentRef.name !== 'kubernetes');

/** Reads a path of the server that a kubeconfig names. */
function client(file) {
  const config = load(readFileSync(file, 'utf8'));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const pem = (data) => Buffer.from(data, 'base64');
  const tls = { ca: pem(cluster['certificate-authority-data']), cert: pem(user['client-certificate-data']), key: pem(user['client-key-data']) };
  return (path) =>
    new Promise((resolve, reject) => {
      request(`${cluster.server}${path}`, { ...tls, headers: { accept: 'application/json' } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve(JSON.parse(text)));
      })
        .on('error', reject)
        .end();
    });
}

function strip(object, apiVersion, kind) {
  const { name, namespace, generation, labels, annotations, finalizers, managedFields } = object.metadata;
  const metadata = { name, namespace, generation, labels, annotations, finalizers, managedFields };
  const { metadata: _, apiVersion: __, kind: ___, ...rest } = object;
  const out = JSON.parse(
    JSON.stringify({ kind, apiVersion, metadata, ...rest })
      .replaceAll(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"/g, '"<time>"')
      .replaceAll(/"\d{4}-\d\d-\d\d"/g, '"<date>"'),
  );
  if (name === 'extension-apiserver-authentication') out.data = { 'client-ca-file': '<ca>' };
  if (kind === 'Service') out.spec.ports.forEach((port) => (port.targetPort = 6443));
  return out;
}

const get = client(process.argv[2]);
const filled = new Map();
for (const path of process.argv[3] ? ['rbac.authorization.k8s.io/v1/clusterroles', 'networking.k8s.io/v1/servicecidrs'] : []) {
  const list = await client(process.argv[3])(`/apis/${path}`);
  for (const item of list.items) if (item.aggregationRule || path.endsWith('servicecidrs')) filled.set(`${path} ${item.metadata.name}`, item);
}

const found = [];
for (const [group, version, plural] of WANTED) {
  const list = await get(`${group ? `/apis/${group}` : '/api'}/${version}/${plural}`);
  const apiVersion = group ? `${group}/${version}` : version;
  for (const item of list.items) {
    const { name, namespace, resourceVersion } = item.metadata;
    if (!NAMESPACES.has(namespace ?? (plural === 'namespaces' ? name : 'default')) || foreign(item)) continue;
    const object = strip(filled.get(`${group}/${version}/${plural} ${name}`) ?? item, apiVersion, list.kind.slice(0, -'List'.length));
    found.push({ order: plural === 'namespaces' ? 0 : Number(resourceVersion), resource: group ? `${group}/${plural}` : plural, object });
  }
}
found.sort((a, b) => a.order - b.order);
const lines = found.map(({ resource, object }) => JSON.stringify({ resource, object }));
writeFileSync(new URL('objects.generated.json', import.meta.url), `[\n${lines.join(',\n')}\n]\n`);
console.log(`${found.length} objects`);
