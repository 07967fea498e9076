import { rules as podDisruptionBudgetRules } from '../policy/pod-disruption-budget.ts';
import { rules as horizontalPodAutoscalerRules } from '../autoscaling/horizontal-pod-autoscaler.ts';
import { rules as controllerRevisionRules } from '../apps/controller-revision.ts';
import { rules as daemonSetRules } from '../apps/daemon-set.ts';
import { rules as deploymentRules } from '../apps/deployment.ts';
import { rules as replicaSetRules } from '../apps/replica-set.ts';
import { rules as statefulSetRules } from '../apps/stateful-set.ts';
import type { Kind, ScalePaths } from '../machinery/define-kind.ts';
import { rules as cronJobRules } from '../batch/cron-job.ts';
import { rules as jobRules } from '../batch/job.ts';
import { autoscalingV1 } from './convert-autoscaler.ts';
import { legacyVersions } from './legacy.ts';
import { inGroup } from './row.ts';

const apps = inGroup('apps', 'v1', 'io.k8s.api.apps.v1');
const batch = inGroup('batch', 'v1', 'io.k8s.api.batch.v1');
const autoscaling = inGroup('autoscaling', 'v2', 'io.k8s.api.autoscaling.v2');
const policy = inGroup('policy', 'v1', 'io.k8s.api.policy.v1');
const scale: ScalePaths = { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] };
const all = ['all'];

/** What runs pods, and what keeps them running: apps, autoscaling, batch, policy. */
export const workloadKinds: Kind[] = [
  apps('ControllerRevision', 'controllerrevisions', {
    rules: controllerRevisionRules,
    versions: legacyVersions('ControllerRevision'),
  }),
  apps('DaemonSet', 'daemonsets', {
    rules: daemonSetRules,
    short: ['ds'],
    categories: all,
    status: true,
    versions: legacyVersions('DaemonSet'),
  }),
  apps('Deployment', 'deployments', {
    rules: deploymentRules,
    short: ['deploy'],
    categories: all,
    status: true,
    scale,
    versions: legacyVersions('Deployment'),
  }),
  apps('ReplicaSet', 'replicasets', {
    rules: replicaSetRules,
    short: ['rs'],
    categories: all,
    status: true,
    scale,
    versions: legacyVersions('ReplicaSet'),
  }),
  apps('StatefulSet', 'statefulsets', {
    rules: statefulSetRules,
    short: ['sts'],
    categories: all,
    status: true,
    scale,
    versions: legacyVersions('StatefulSet'),
  }),
  autoscaling('HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    rules: horizontalPodAutoscalerRules,
    short: ['hpa'],
    categories: all,
    status: true,
    versions: [autoscalingV1],
  }),
  batch('CronJob', 'cronjobs', {
    rules: cronJobRules,
    short: ['cj'],
    categories: all,
    status: true,
    versions: legacyVersions('CronJob'),
  }),
  batch('Job', 'jobs', { rules: jobRules, categories: all, status: true }),
  policy('PodDisruptionBudget', 'poddisruptionbudgets', {
    rules: podDisruptionBudgetRules,
    short: ['pdb'],
    status: true,
    versions: legacyVersions('PodDisruptionBudget'),
  }),
];
