import { notFoundError } from '../../api/machinery/status-errors.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, resourceOfRequest } from '../plugin.ts';

/** NodeRestriction: a kubelet changes its own node, its own pods and little else. */

const PREFIX = 'system:node:';
/** The cluster's own kubelet, of all virtual nodes at once; no credential is issued for this name. */
const VIRTUAL = 'system:node:virtual';
const MIRROR = 'kubernetes.io/config.mirror';
const LEASES = 'kube-node-lease';
const RESTRICTED = 'node-restriction.kubernetes.io';
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

type Check = (node: string, request: AdmissionRequest, cluster: ClusterObjects) => void;

const quoted = JSON.stringify;
const within = (domain: string, parent: string) => domain === parent || domain.endsWith(`.${parent}`);

function podOf(request: AdmissionRequest, cluster: ClusterObjects, name: string): KubeObject {
  const pod = cluster.object('pods', request.namespace, name);
  if (!pod) throw notFoundError({ group: '', resource: 'pods' }, name);
  return pod;
}

const admitPod: Check = (node, request, cluster) => {
  switch (request.subresource) {
    case '':
      if (request.operation === 'CREATE') admitMirror(node, request, cluster);
      else if (request.operation === 'DELETE') {
        if (podOf(request, cluster, request.name).spec.nodeName === node) return;
        throw refuse(request, `node ${quoted(node)} can only delete pods with spec.nodeName set to itself`);
      } else {
        const only = `node ${quoted(node)} can only create and delete mirror pods`;
        throw refuse(request, `unexpected operation ${quoted(request.operation)}, ${only}`);
      }
      return;
    case 'status':
      admitPodStatus(node, request);
      return;
    case 'eviction':
      if (podOf(request, cluster, request.name || (request.object?.metadata.name ?? '')).spec.nodeName === node) return;
      throw refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
    default: {
      const what = `unexpected pod subresource ${quoted(request.subresource)}`;
      throw refuse(request, `${what}, only 'status' and 'eviction' are allowed`);
    }
  }
};

function admitPodStatus(node: string, request: AdmissionRequest): void {
  const { object, old } = request;
  if (request.operation !== 'UPDATE' || !object || !old)
    throw refuse(request, `unexpected operation ${quoted(request.operation)}`);
  if (old.spec.nodeName !== node) {
    throw refuse(request, `node ${quoted(node)} can only update pod status for pods with spec.nodeName set to itself`);
  }
  if (!equal(old.metadata.labels ?? {}, object.metadata.labels ?? {})) {
    throw refuse(request, `node ${quoted(node)} cannot update labels through pod status`);
  }
  if (!equal(old.status?.resourceClaimStatuses ?? [], object.status?.resourceClaimStatuses ?? [])) {
    throw refuse(request, `node ${quoted(node)} cannot update resource claim statues`);
  }
}

function admitMirror(node: string, request: AdmissionRequest, cluster: ClusterObjects): void {
  const pod = request.object as KubeObject;
  const self = `node ${quoted(node)}`;
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    throw refuse(request, `pod does not have ${quoted(MIRROR)} annotation, ${self} can only create mirror pods`);
  }
  if (pod.spec.nodeName !== node) throw refuse(request, `${self} can only create pods with spec.nodeName set to itself`);
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1) throw refuse(request, `${self} can only create pods with a single owner reference set to itself`);
  const owner = owners[0];
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw refuse(request, `${self} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller) throw refuse(request, `${self} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion) throw refuse(request, `${self} must not set blockOwnerDeletion on an owner reference`);
  const live = cluster.object('nodes', '', node);
  if (!live) throw notFoundError({ group: '', resource: 'nodes' }, node);
  if (owner.uid !== live.metadata.uid) {
    throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${live.metadata.uid}`);
  }
  const referenced = referencedBy(pod.spec);
  if (referenced) throw refuse(request, `${self} can not create pods that reference ${referenced}`);
}

/** The kind of API object that a pod refers to (podutil.HasAPIObjectReference). */
function referencedBy(spec: Obj): string | undefined {
  if (spec.serviceAccountName) return 'serviceaccounts';
  const containers: Obj[] = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  const names = (ref: 'secretRef' | 'configMapRef', key: 'secretKeyRef' | 'configMapKeyRef') =>
    containers.some((c) => c.envFrom?.some((f: Obj) => f[ref]) || c.env?.some((e: Obj) => e.valueFrom?.[key]));
  if (spec.imagePullSecrets?.length || names('secretRef', 'secretKeyRef')) return 'secrets';
  if (names('configMapRef', 'configMapKeyRef')) return 'configmaps';
  if (spec.resourceClaims?.length) return 'resourceclaims';
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) return 'secrets';
    if (volume.configMap) return 'configmaps';
    if (volume.csi) return 'csidrivers (via CSI volumes)';
    if (volume.glusterfs) return 'endpoints (via glusterFS volumes)';
    if (volume.persistentVolumeClaim) return 'persistentvolumeclaims';
    if (volume.ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)';
    if (volume.azureFile) return 'secrets (via azureFile volumes)';
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap) return 'configmaps (via projected volumes)';
      if (source.secret) return 'secrets (via projected volumes)';
      if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)';
      if (source.clusterTrustBundle) return 'clustertrustbundles';
      if (source.podCertificate) return 'podcertificates';
    }
  }
  return undefined;
}

/** Labels that differ and that a kubelet may not set, sorted. */
function forbiddenLabels(now: Record<string, string> = {}, before: Record<string, string> = {}): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .filter((key) => now[key] !== before[key])
    .filter((key) => {
      const domain = key.includes('/') ? (key.split('/')[0] as string) : '';
      if (within(domain, RESTRICTED)) return true;
      if (!within(domain, 'kubernetes.io') && !within(domain, 'k8s.io')) return false;
      return !KUBELET_LABELS.has(key) && !within(domain, 'kubelet.kubernetes.io') && !within(domain, 'node.kubernetes.io');
    })
    .sort();
}

const admitNode: Check = (node, request) => {
  const { object, old } = request;
  const self = `node ${quoted(node)}`;
  if (request.name !== node) throw refuse(request, `${self} is not allowed to modify node ${quoted(request.name)}`);
  if (request.operation === 'CREATE' && object) {
    if (object.spec?.configSource) throw refuse(request, `${self} is not allowed to create pods with a non-nil configSource`);
    const labels = forbiddenLabels(object.metadata.labels);
    if (labels.length) throw refuse(request, `${self} is not allowed to set the following labels: ${labels.join(', ')}`);
  }
  if (request.operation !== 'UPDATE' || !object || !old) return;
  if (object.spec?.configSource && !equal(object.spec.configSource, old.spec?.configSource)) {
    throw refuse(request, `${self} is not allowed to update configSource to a new non-nil configSource`);
  }
  if (!equal(object.spec?.taints ?? [], old.spec?.taints ?? [])) throw refuse(request, `${self} is not allowed to modify taints`);
  if (!equal(object.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? [])) {
    throw refuse(request, `${self} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenLabels(object.metadata.labels, old.metadata.labels);
  if (labels.length) throw refuse(request, `is not allowed to modify labels: ${labels.join(', ')}`);
};

const admitClaim: Check = (node, request) => {
  const { object, old } = request;
  if (request.subresource !== 'status') throw refuse(request, 'may only update PVC status');
  if (request.operation !== 'UPDATE' || !object || !old)
    throw refuse(request, `unexpected operation ${quoted(request.operation)}`);
  const rest = ({ metadata, status, ...more }: KubeObject) => {
    const { managedFields: _m, resourceVersion: _r, ...meta } = metadata;
    const { capacity: _c, conditions: _d, allocatedResources: _a, allocatedResourceStatuses: _s, ...other } = status ?? {};
    return { ...more, metadata: meta, status: other };
  };
  if (equal(rest(object), rest(old))) return;
  throw refuse(
    request,
    `node ${quoted(node)} is not allowed to update fields other than status.quantity and status.conditions: `,
  );
};

const admitToken: Check = (node, request, cluster) => {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const ref = request.object?.spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name)
    throw refuse(request, 'node requested token not bound to a pod');
  if (!ref.uid) throw refuse(request, 'node requested token with a pod binding without a uid');
  const pod = podOf(request, cluster, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    const why = 'does not match the UID in record. The object might have been deleted and then recreated';
    throw refuse(request, `the UID in the bound object reference (${ref.uid}) ${why}`);
  }
  if (pod.spec.nodeName !== node) throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
};

const named =
  (what: string): Check =>
  (node, request) => {
    const name = request.operation === 'CREATE' ? request.object?.metadata.name : request.name;
    if (name !== node) throw refuse(request, `can only access ${what} with the same name as the requesting node`);
  };

const admitLease: Check = (node, request, cluster) => {
  if (request.namespace !== LEASES) throw refuse(request, `can only access leases in the ${quoted(LEASES)} system namespace`);
  named('node lease')(node, request, cluster);
};

const admitSlice: Check = (node, request) => {
  const slice = request.operation === 'CREATE' ? request.object : request.operation === 'DELETE' ? request.old : undefined;
  if (!slice || slice.spec?.nodeName === node) return;
  const verb = request.operation === 'CREATE' ? 'create' : 'delete';
  throw refuse(request, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
};

const CHECKS: Record<string, Check> = {
  pods: admitPod,
  nodes: admitNode,
  persistentvolumeclaims: admitClaim,
  serviceaccounts: admitToken,
  'coordination.k8s.io/leases': admitLease,
  'storage.k8s.io/csinodes': named('CSINode'),
  'resource.k8s.io/resourceslices': admitSlice,
};

export const nodeRestriction: Plugin = {
  name: 'NodeRestriction',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: Object.keys(CHECKS),
  mutate(request, cluster) {
    const { username, groups } = request.user;
    if (!username.startsWith(PREFIX) || username === VIRTUAL || !groups.includes('system:nodes')) return;
    CHECKS[resourceOfRequest(request)]?.(username.slice(PREFIX.length), request, cluster);
  },
};
