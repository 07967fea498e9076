import { rules as resourceQuotaRules } from '../core/resource-quota.ts';
import { rules as persistentVolumeRules } from '../core/volume/persistent-volume.ts';
import { rules as persistentVolumeClaimRules } from '../core/volume/persistent-volume-claim.ts';
import { rules as limitRangeRules } from '../core/limit-range.ts';
import { rules as podTemplateRules } from '../core/pod/template.ts';
import { rules as podRules } from '../core/pod/pod.ts';
import { rules as replicationControllerRules } from '../core/replication-controller.ts';
import { rules as serviceRules } from '../core/service/service.ts';
import { rules as serviceAccountRules } from '../core/service-account.ts';
import { rules as secretRules } from '../core/secret.ts';
import { rules as nodeRules } from '../core/node.ts';
import { rules as namespaceRules } from '../core/namespace.ts';
import { rules as eventRules } from '../core/event.ts';
import { rules as endpointsRules } from '../core/endpoints.ts';
import { componentStatuses, rules as componentStatusRules } from '../core/component-status.ts';
import { rules as configMapRules } from '../core/config-map.ts';
import type { Kind, Verb } from '../machinery/define-kind.ts';
import { eventsV1 } from './convert-event.ts';
import { CREATE_ONLY, inGroup, PROXY, READ_WRITE } from './row.ts';

const core = inGroup('', 'v1', 'io.k8s.api.core.v1');
const CONNECT: Verb[] = ['create', 'get'];

/** The legacy group "" (pkg/registry/core/rest/storage_core.go). */
export const coreKinds: Kind[] = [
  core('Binding', 'bindings', { verbs: CREATE_ONLY, createsAt: { resource: 'pods', subresource: 'binding' } }),
  core('ComponentStatus', 'componentstatuses', {
    rules: componentStatusRules,
    computed: componentStatuses,
    cluster: true,
    short: ['cs'],
    verbs: ['get', 'list'],
    deprecated: 'v1 ComponentStatus is deprecated in v1.19+',
  }),
  core('ConfigMap', 'configmaps', { rules: configMapRules, short: ['cm'] }),
  core('Endpoints', 'endpoints', {
    rules: endpointsRules,
    short: ['ep'],
    deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  }),
  core('Event', 'events', { rules: eventRules, short: ['ev'], versions: [eventsV1] }),
  core('LimitRange', 'limitranges', { rules: limitRangeRules, short: ['limits'] }),
  core('Namespace', 'namespaces', {
    rules: namespaceRules,
    cluster: true,
    short: ['ns'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    status: true,
    sub: { finalize: { kind: 'Namespace', verbs: ['update'] } },
  }),
  core('Node', 'nodes', {
    rules: nodeRules,
    cluster: true,
    short: ['no'],
    status: true,
    sub: { proxy: { kind: 'NodeProxyOptions', verbs: PROXY } },
  }),
  core('PersistentVolumeClaim', 'persistentvolumeclaims', { rules: persistentVolumeClaimRules, short: ['pvc'], status: true }),
  core('PersistentVolume', 'persistentvolumes', { rules: persistentVolumeRules, cluster: true, short: ['pv'], status: true }),
  core('Pod', 'pods', {
    rules: podRules,
    short: ['po'],
    categories: ['all'],
    status: true,
    sub: {
      attach: { kind: 'PodAttachOptions', verbs: CONNECT },
      binding: { kind: 'Binding', verbs: CREATE_ONLY },
      ephemeralcontainers: { kind: 'Pod', verbs: READ_WRITE },
      eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: CREATE_ONLY },
      exec: { kind: 'PodExecOptions', verbs: CONNECT },
      log: { kind: 'Pod', verbs: ['get'] },
      portforward: { kind: 'PodPortForwardOptions', verbs: CONNECT },
      proxy: { kind: 'PodProxyOptions', verbs: PROXY },
      resize: { kind: 'Pod', verbs: READ_WRITE },
    },
  }),
  core('PodTemplate', 'podtemplates', { rules: podTemplateRules }),
  core('ReplicationController', 'replicationcontrollers', {
    rules: replicationControllerRules,
    short: ['rc'],
    categories: ['all'],
    status: true,
    scale: { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] },
  }),
  core('ResourceQuota', 'resourcequotas', { rules: resourceQuotaRules, short: ['quota'], status: true }),
  core('Secret', 'secrets', { rules: secretRules }),
  core('ServiceAccount', 'serviceaccounts', {
    rules: serviceAccountRules,
    short: ['sa'],
    sub: { token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: CREATE_ONLY } },
  }),
  core('Service', 'services', {
    rules: serviceRules,
    short: ['svc'],
    categories: ['all'],
    status: true,
    sub: { proxy: { kind: 'ServiceProxyOptions', verbs: PROXY } },
  }),
];
