import { MutatingAdmissionPolicyBinding } from './admissionregistration/mutating-admission-policy-binding.ts';
import { MutatingAdmissionPolicy } from './admissionregistration/mutating-admission-policy.ts';
import { MutatingWebhookConfiguration } from './admissionregistration/mutating-webhook-configuration.ts';
import { ValidatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy-binding.ts';
import { ValidatingAdmissionPolicy } from './admissionregistration/validating-admission-policy.ts';
import { ValidatingWebhookConfiguration } from './admissionregistration/validating-webhook-configuration.ts';
import { CustomResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { APIService } from './apiregistration/api-service.ts';
import { ControllerRevision } from './apps/controller-revision.ts';
import { DaemonSet } from './apps/daemon-set.ts';
import { Deployment } from './apps/deployment.ts';
import { ReplicaSet } from './apps/replica-set.ts';
import { StatefulSet } from './apps/stateful-set.ts';
import { SelfSubjectReview } from './authentication/self-subject-review.ts';
import { TokenReview } from './authentication/token-review.ts';
import { LocalSubjectAccessReview } from './authorization/local-subject-access-review.ts';
import { SelfSubjectAccessReview } from './authorization/self-subject-access-review.ts';
import { SelfSubjectRulesReview } from './authorization/self-subject-rules-review.ts';
import { SubjectAccessReview } from './authorization/subject-access-review.ts';
import { HorizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { CronJob } from './batch/cron-job.ts';
import { Job } from './batch/job.ts';
import { CertificateSigningRequest } from './certificates/certificate-signing-request.ts';
import { Lease } from './coordination/lease.ts';
import { Binding } from './core/binding.ts';
import { ComponentStatus } from './core/component-status.ts';
import { ConfigMap } from './core/config-map.ts';
import { Endpoints } from './core/endpoints.ts';
import { Event } from './core/event.ts';
import { LimitRange } from './core/limit-range.ts';
import { Namespace } from './core/namespace.ts';
import { Node } from './core/node.ts';
import { Pod } from './core/pod/pod.ts';
import { PodTemplate } from './core/pod/template.ts';
import { ReplicationController } from './core/replication-controller.ts';
import { ResourceQuota } from './core/resource-quota.ts';
import { Secret } from './core/secret.ts';
import { ServiceAccount } from './core/service-account.ts';
import { Service } from './core/service/service.ts';
import { PersistentVolumeClaim } from './core/volume/persistent-volume-claim.ts';
import { PersistentVolume } from './core/volume/persistent-volume.ts';
import { EndpointSlice } from './discovery/endpoint-slice.ts';
import { FlowSchema } from './flowcontrol/flow-schema.ts';
import { PriorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts';
import { IngressClass } from './networking/ingress-class.ts';
import { Ingress } from './networking/ingress.ts';
import { IPAddress } from './networking/ip-address.ts';
import { NetworkPolicy } from './networking/network-policy.ts';
import { ServiceCIDR } from './networking/service-cidr.ts';
import { RuntimeClass } from './node/runtime-class.ts';
import { PodDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { ClusterRoleBinding } from './rbac/cluster-role-binding.ts';
import { ClusterRole } from './rbac/cluster-role.ts';
import { RoleBinding } from './rbac/role-binding.ts';
import { Role } from './rbac/role.ts';
import { DeviceClass } from './resource/device-class.ts';
import { ResourceClaimTemplate } from './resource/resource-claim-template.ts';
import { ResourceClaim } from './resource/resource-claim.ts';
import { ResourceSlice } from './resource/resource-slice.ts';
import { PriorityClass } from './scheduling/priority-class.ts';
import { CSIDriver } from './storage/csi-driver.ts';
import { CSINode } from './storage/csi-node.ts';
import { CSIStorageCapacity } from './storage/csi-storage-capacity.ts';
import { StorageClass } from './storage/storage-class.ts';
import { VolumeAttachment } from './storage/volume-attachment.ts';
import { VolumeAttributesClass } from './storage/volume-attributes-class.ts';
import { type Kind, resourceOf, type Resource, type ServedVersion } from './machinery/define-kind.ts';

/** THE table: every built-in kind that a Kubernetes 1.36 server serves by default. */
export const kinds: readonly Kind[] = [
  Binding,
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolumeClaim,
  PersistentVolume,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  ServiceAccount,
  Service,
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
  HorizontalPodAutoscaler,
  CronJob,
  Job,
  PodDisruptionBudget,
  SelfSubjectReview,
  TokenReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  CertificateSigningRequest,
  ClusterRoleBinding,
  ClusterRole,
  RoleBinding,
  Role,
  Lease,
  EndpointSlice,
  FlowSchema,
  PriorityLevelConfiguration,
  IngressClass,
  Ingress,
  IPAddress,
  NetworkPolicy,
  ServiceCIDR,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  CustomResourceDefinition,
  APIService,
  RuntimeClass,
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
  PriorityClass,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
];

/** A kind as one address serves it; `served` is absent for the stored version. */
export interface ServedKind {
  kind: Kind;
  served?: ServedVersion;
}

/** A group of discovery. Versions by priority, the preferred first; resources of a version by name. */
export interface ApiGroup {
  name: string;
  versions: { version: string; resources: ServedKind[] }[];
}

/** The order of /apis (kube-apiserver's APIService priorities). `extensions` is last, so that a bare name means the group of today. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'extensions',
];

/** apimachinery version.CompareKubeAwareVersionStrings: v2 > v1 > v1beta2 > v1beta1 > v1alpha1. Negative when `a` comes first. */
function compareVersions(a: string, b: string): number {
  const rank = (v: string) => {
    const m = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(v);
    if (!m) return [-1, 0, 0];
    return [m[2] === 'alpha' ? 0 : m[2] === 'beta' ? 1 : 2, Number(m[1]), Number(m[3] ?? 0)];
  };
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return y[i] - x[i];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The kinds of one cluster, found by every name they have. A value: what serves other kinds is another table. */
export class KindTable {
  readonly kinds: readonly Kind[];
  /** Kinds whose objects are stored: neither reviews nor kinds that are computed on request. */
  readonly stored: readonly Kind[];
  readonly legacy: boolean;
  readonly #byResource = new Map<Resource, Kind>();
  readonly #byAddress = new Map<string, ServedKind>();
  readonly #byGVK = new Map<string, ServedKind>();
  #groups: ApiGroup[] | undefined;

  constructor(kinds: readonly Kind[], legacy: boolean) {
    this.legacy = legacy;
    this.kinds = kinds;
    this.stored = this.kinds.filter((kind) => !kind.computed && (!kind.verbs || kind.verbs.includes('list')));
    for (const kind of this.kinds) {
      this.#byResource.set(resourceOf(kind), kind);
      this.#add(kind.group, kind.version, kind.resource, { kind });
      for (const served of kind.versions ?? []) {
        if (served.deprecated && !legacy) continue;
        this.#add(served.group, served.version, served.resource ?? kind.resource, { kind, served });
      }
    }
  }

  #add(group: string, version: string, plural: string, entry: ServedKind): void {
    this.#byAddress.set(`${group}/${version}/${plural}`, entry);
    this.#byGVK.set(`${group ? `${group}/` : ''}${version} ${entry.kind.kind}`, entry);
  }

  /** Finds a kind by its resource: "pods", "apps/deployments". */
  byResource(resource: Resource): Kind | undefined {
    return this.#byResource.get(resource);
  }

  /** Finds a kind by the parts of a path. */
  served(group: string, version: string, plural: string): ServedKind | undefined {
    return this.#byAddress.get(`${group}/${version}/${plural}`);
  }

  /** Finds a kind by apiVersion and kind of an object: "apps/v1", "Deployment". */
  byGVK(apiVersion: string, kind: string): ServedKind | undefined {
    return this.#byGVK.get(`${apiVersion} ${kind}`);
  }

  /** Every group, the legacy one ("") first, then in the order of /apis; unknown groups last, by name. */
  groups(): readonly ApiGroup[] {
    this.#groups ??= this.#group();
    return this.#groups;
  }

  #group(): ApiGroup[] {
    const groups = new Map<string, Map<string, ServedKind[]>>();
    for (const [address, entry] of this.#byAddress) {
      const [group, version] = address.split('/');
      const versions = groups.get(group) ?? new Map<string, ServedKind[]>();
      groups.set(group, versions);
      versions.set(version, [...(versions.get(version) ?? []), entry]);
    }
    const place = (name: string) => (GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length);
    const plural = ({ kind, served }: ServedKind) => served?.resource ?? kind.resource;
    return [...groups]
      .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
      .map(([name, versions]) => ({
        name,
        versions: [...versions]
          .sort(([a], [b]) => compareVersions(a, b))
          .map(([version, list]) => ({ version, resources: list.sort((a, b) => (plural(a) < plural(b) ? -1 : 1)) })),
      }));
  }
}

const builtin = new KindTable(kinds, false);
const builtinWithLegacy = new KindTable(kinds, true);

/** The table of the built-in kinds, and of `extra` ones beside them. With `legacy` the dropped versions are served too. */
export function kindTable(legacy: boolean, extra: readonly Kind[] = []): KindTable {
  if (extra.length) return new KindTable([...kinds, ...extra], legacy);
  return legacy ? builtinWithLegacy : builtin;
}
