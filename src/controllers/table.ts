import type { Crypto } from '../lib/crypto-port.ts';
import type { Controller } from '../reconcile/plan.ts';
import { bootstrapSigner } from './bootstrap-signer/reconcile.ts';
import { clusterAuthenticationTrust } from './cluster-authentication-trust/reconcile.ts';
import { cronJobController } from './cronjob/reconcile.ts';
import { csrApproving, type MayRequest } from './csr-approving/reconcile.ts';
import { csrCleaner } from './csr-cleaner/reconcile.ts';
import { csrSigning, type SigningPorts } from './csr-signing/reconcile.ts';
import { daemonSetController } from './daemonset/reconcile.ts';
import { deploymentController } from './deployment/reconcile.ts';
import { disruptionController } from './disruption/reconcile.ts';
import { endpointsController } from './endpoints/reconcile.ts';
import { endpointSliceMirroring } from './endpointslice-mirroring/reconcile.ts';
import { endpointSliceController } from './endpointslice/reconcile.ts';
import { ephemeralVolume } from './ephemeral-volume/reconcile.ts';
import { garbageCollector } from './garbage-collector/reconcile.ts';
import { horizontalPodAutoscaling } from './horizontalpodautoscaling/reconcile.ts';
import type { MetricSources } from './horizontalpodautoscaling/source.ts';
import { jobController } from './job/reconcile.ts';
import { legacyTokenCleaner } from './legacy-token-cleaner/reconcile.ts';
import { namespaceController } from './namespace/reconcile.ts';
import { nodeLifecycle } from './node-lifecycle/reconcile.ts';
import { ttlController } from './node-lifecycle/ttl.ts';
import { persistentVolumeBinder } from './persistentvolume-binder/reconcile.ts';
import { podGc } from './pod-gc/reconcile.ts';
import { clusterRoleAggregation } from './rbac-aggregation/reconcile.ts';
import { replicaSetController, replicationController } from './replicaset/reconcile.ts';
import { resourceQuotaController } from './resourcequota/reconcile.ts';
import { serviceCidr } from './service-cidr/reconcile.ts';
import { serviceLb } from './service-lb/reconcile.ts';
import { serviceAccountTokens, type TokenPorts } from './serviceaccount-token/reconcile.ts';
import { rootCaPublisher, serviceAccountController } from './serviceaccount/reconcile.ts';
import { statefulSetController } from './statefulset/reconcile.ts';
import { storageProtection } from './storage-protection/reconcile.ts';
import { taintEviction } from './taint-eviction/reconcile.ts';
import { tokenCleaner } from './token-cleaner/reconcile.ts';
import { ttlAfterFinished } from './ttl-after-finished/reconcile.ts';
import { volumeExpand } from './volume-expand/reconcile.ts';
import { volumeProvisioner } from './volume-provisioner/reconcile.ts';

/** What controllers need beside the view. `caPem`: without it no kube-root-ca.crt is published. */
export interface ControllerOptions extends SigningPorts, TokenPorts {
  crypto: Pick<Crypto, 'verifyBytes' | 'hmac'>;
  /** Whether a user may create that subresource of certificatesigningrequests. */
  mayRequest: MayRequest;
  /** Where autoscalers get metrics from; absent: no metrics API is served. */
  metrics?: MetricSources;
}

/** Every controller of a cluster, in start order. */
export function controllersFor(options: ControllerOptions): Controller[] {
  const { caPem, mayRequest, authority, metrics = {} } = options;
  return [
    namespaceController,
    serviceAccountController,
    rootCaPublisher(() => caPem),
    ...serviceAccountTokens(options),
    legacyTokenCleaner,
    tokenCleaner,
    bootstrapSigner(options.crypto.hmac),
    clusterAuthenticationTrust(authority),
    csrApproving(mayRequest),
    csrSigning(options),
    csrCleaner,
    ...deploymentController,
    ...replicaSetController,
    ...replicationController,
    ...statefulSetController,
    ...daemonSetController,
    cronJobController,
    ...jobController,
    ttlAfterFinished,
    endpointsController,
    endpointSliceController,
    endpointSliceMirroring,
    garbageCollector,
    ...nodeLifecycle,
    ttlController,
    taintEviction,
    podGc,
    clusterRoleAggregation,
    ephemeralVolume,
    ...persistentVolumeBinder,
    volumeExpand,
    ...volumeProvisioner,
    ...storageProtection,
    ...disruptionController,
    resourceQuotaController,
    serviceCidr,
    serviceLb,
    horizontalPodAutoscaling(metrics),
  ];
}
