import { type Kind, type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import { equal, type KubeObject } from '../lib/json.ts';
import { type FieldSet, LEAF, type Pattern } from './patch/field-set.ts';
import type { FieldFilter } from './patch/managed-fields.ts';

/**
 * Facts about how upstream's storage of a resource is set up (pkg/registry/.../{strategy,storage}.go), for every kind, whether or not it
 * has a rules file of its own.
 */

/** Deletion answers with the object instead of a Status (ReturnDeletedObject). */
const RETURNS_OBJECT = new Set<Resource>([
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

/** A PUT must carry the resourceVersion (AllowUnconditionalUpdate false). */
const NEEDS_VERSION = new Set<Resource>([
  'node.k8s.io/runtimeclasses',
  'policy/poddisruptionbudgets',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/csinodes',
  'coordination.k8s.io/leases',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
  'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices',
]);

/** A PUT of an unknown name creates it (AllowCreateOnUpdate). */
const CREATE_ON_UPDATE = new Set<Resource>([
  'node.k8s.io/runtimeclasses',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/clusterrolebindings',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/clusterroles',
  'coordination.k8s.io/leases',
  'limitranges',
  'events',
  'services',
  'endpoints',
]);

/** The garbage collector leaves it alone: no finalizers from propagation policies (DefaultGarbageCollectionPolicy Unsupported). */
const NOT_COLLECTED = new Set<Resource>(['events']);

/** Where upstream keeps it in etcd, as some messages show (SpecialDefaultResourcePrefixes). */
const STORAGE_PREFIX: Record<Resource, string> = {
  replicationcontrollers: 'controllers',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  services: 'services/specs',
  'networking.k8s.io/ingresses': 'ingress',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
};

/** Writes to /status put metadata back too (ResetObjectMetaForStatus). */
const STATUS_RESETS_METADATA = new Set<Resource>([
  'networking.k8s.io/servicecidrs',
  'resource.k8s.io/resourceclaims',
  'storage.k8s.io/volumeattachments',
  'flowcontrol.apiserver.k8s.io/flowschemas',
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'apiregistration.k8s.io/apiservices',
]);

export const returnsObject = (kind: Kind): boolean => RETURNS_OBJECT.has(resourceOf(kind));
export const needsResourceVersion = (kind: Kind): boolean =>
  kind.rules.needsResourceVersion ?? NEEDS_VERSION.has(resourceOf(kind));
export const createsOnUpdate = (kind: Kind): boolean => kind.rules.createOnUpdate ?? CREATE_ON_UPDATE.has(resourceOf(kind));
export const isCollected = (kind: Kind): boolean => !NOT_COLLECTED.has(resourceOf(kind));
export const statusResetsMetadata = (kind: Kind): boolean => STATUS_RESETS_METADATA.has(resourceOf(kind));

/** Creation sets generation 1. */
const GENERATIONS = new Set<Resource>([
  'scheduling.k8s.io/priorityclasses',
  'networking.k8s.io/ingressclasses',
  'networking.k8s.io/networkpolicies',
  'networking.k8s.io/ingresses',
  'discovery.k8s.io/endpointslices',
  'policy/poddisruptionbudgets',
  'resource.k8s.io/resourceslices',
  'resource.k8s.io/deviceclasses',
  'flowcontrol.apiserver.k8s.io/flowschemas',
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations',
  'apps/daemonsets',
  'apps/statefulsets',
  'apps/deployments',
  'apps/replicasets',
  'batch/jobs',
  'batch/cronjobs',
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
  'apiextensions.k8s.io/customresourcedefinitions',
]);

/** PrepareForCreate of kinds that have no rules of their own: the status is the server's, and generations are counted from 1. */
export function prepareByTraits(kind: Kind, object: KubeObject, zeroStatus: (type: string) => unknown): void {
  if (kind.status) object.status = zeroStatus(kind.type);
  if (GENERATIONS.has(resourceOf(kind))) object.metadata.generation = 1;
}

/** Generations of such kinds move when the spec (or what stands for it) does. */
export function updateByTraits(kind: Kind, object: KubeObject, old: KubeObject): void {
  if (kind.status) object.status = old.status;
  if (!GENERATIONS.has(resourceOf(kind))) return;
  const bare = (whole: KubeObject) => ({ ...whole, metadata: undefined, status: undefined });
  if (!equal(bare(object), bare(old))) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

/** The key that upstream's storage errors show; dry runs do not get as far as etcd's prefix. */
export function storageKey(kind: Kind, namespace: string, name: string, dryRun = false): string {
  const prefix = STORAGE_PREFIX[resourceOf(kind)] ?? kind.resource;
  const key = namespace ? `/${prefix}/${namespace}/${name}` : `/${prefix}/${name}`;
  return dryRun ? key : `/registry${key}`;
}

const NOTHING: FieldFilter = {};
const STATUS: FieldFilter = { exclude: { 'f:status': LEAF } };
const SPEC: FieldSet = { 'f:spec': LEAF };
const anyContainer = (...names: string[]): Pattern => ({
  '*': Object.fromEntries(names.map((name) => [`f:${name}`, true as const])),
});

/** Fields that a write to a subresource puts back to what they were, and so does not own (GetResetFields, GetResetFieldsFilter). */
const FILTERS: Record<string, FieldFilter> = {
  'pods/status': { exclude: { ...SPEC, 'f:metadata': { 'f:deletionTimestamp': LEAF, 'f:ownerReferences': LEAF } } },
  'pods/ephemeralcontainers': { include: { 'f:spec': { 'f:ephemeralContainers': true } } },
  'pods/resize': {
    include: {
      'f:spec': {
        'f:containers': anyContainer('resources', 'resizePolicy'),
        'f:initContainers': anyContainer('resources', 'resizePolicy'),
      },
    },
  },
  'apps/deployments/status': { exclude: { ...SPEC, 'f:metadata': { 'f:labels': LEAF } } },
  'certificates.k8s.io/certificatesigningrequests': { exclude: { ...SPEC, 'f:status': LEAF } },
  'certificates.k8s.io/certificatesigningrequests/status': { exclude: { ...SPEC, 'f:status': { 'f:conditions': LEAF } } },
  'certificates.k8s.io/certificatesigningrequests/approval': { exclude: { ...SPEC, 'f:status': { 'f:certificate': LEAF } } },
  'namespaces/finalize': STATUS,
};

/** What a write through this door may own. */
export function fieldFilter(kind: Kind, subresource: string): FieldFilter {
  const own = FILTERS[subresource ? `${resourceOf(kind)}/${subresource}` : resourceOf(kind)];
  if (own) return own;
  if (!subresource) return kind.status ? STATUS : NOTHING;
  if (subresource !== 'status') return NOTHING;
  return statusResetsMetadata(kind) ? { exclude: { ...SPEC, 'f:metadata': LEAF } } : { exclude: SPEC };
}
