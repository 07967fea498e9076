import type { Controller } from '../reconcile/plan.ts';
import { cronJobController } from './cronjob/reconcile.ts';
import { daemonSetController } from './daemonset/reconcile.ts';
import { deploymentController } from './deployment/reconcile.ts';
import { disruptionController } from './disruption/reconcile.ts';
import { endpointsController } from './endpoints/reconcile.ts';
import { endpointSliceController } from './endpointslice/reconcile.ts';
import { endpointSliceMirroring } from './endpointslice-mirroring/reconcile.ts';
import { ephemeralVolume } from './ephemeral-volume/reconcile.ts';
import { garbageCollector } from './garbage-collector/reconcile.ts';
import { horizontalPodAutoscaling } from './horizontalpodautoscaling/reconcile.ts';
import type { MetricSources } from './horizontalpodautoscaling/source.ts';
import { jobController } from './job/reconcile.ts';
import { namespaceController } from './namespace/reconcile.ts';
import { nodeLifecycle } from './node-lifecycle/reconcile.ts';
import { ttlController } from './node-lifecycle/ttl.ts';
import { persistentVolumeBinder } from './persistentvolume-binder/reconcile.ts';
import { podGc } from './pod-gc/reconcile.ts';
import { clusterRoleAggregation } from './rbac-aggregation/reconcile.ts';
import { replicaSetController, replicationController } from './replicaset/reconcile.ts';
import { resourceQuotaController } from './resourcequota/reconcile.ts';
import { rootCaPublisher, serviceAccountController } from './serviceaccount/reconcile.ts';
import { serviceCidr } from './service-cidr/reconcile.ts';
import { serviceLb } from './service-lb/reconcile.ts';
import { statefulSetController } from './statefulset/reconcile.ts';
import { storageProtection } from './storage-protection/reconcile.ts';
import { taintEviction } from './taint-eviction/reconcile.ts';
import { ttlAfterFinished } from './ttl-after-finished/reconcile.ts';
import { volumeExpand } from './volume-expand/reconcile.ts';
import { volumeProvisioner } from './volume-provisioner/reconcile.ts';

export interface ControllerOptions {
  /** PEM of the CA that the cluster's API is served under; without it no kube-root-ca.crt is published. */
  caPem?: string;
  /** Where autoscalers get metrics from; absent: no metrics API is served. */
  metrics?: MetricSources;
}

/** Every controller of a cluster, in start order. */
export function controllersFor({ caPem, metrics = {} }: ControllerOptions): Controller[] {
  return [
    namespaceController,
    serviceAccountController,
    rootCaPublisher(() => caPem),
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
