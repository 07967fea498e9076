/**
 * Defaults of pods and pod templates (core/v1 SetDefaults_Pod, SetDefaults_PodSpec), with what the conversion to upstream's
 * internal type and back changes on the way (core/v1 conversion.go).
 */
import type { Obj } from '../../../lib/json.ts';
import { formatQuantity } from '../../machinery/quantity.ts';
import { defaultContainer } from './container-defaults.ts';
import { aggregate, isHugePages, isOvercommitAllowed, isPodLevelResource } from './resources.ts';
import { defaultVolume } from '../volume/defaults.ts';

const OLD_INIT_CONTAINERS = [
  'pod.beta.kubernetes.io/init-containers',
  'pod.alpha.kubernetes.io/init-containers',
  'pod.beta.kubernetes.io/init-container-statuses',
  'pod.alpha.kubernetes.io/init-container-statuses',
];

/** A whole Pod. Mutates. */
export function defaultPod(pod: Obj): void {
  pod.spec ??= {};
  const spec = pod.spec;
  for (const container of spec.containers ?? []) requestsFromLimits(container);
  for (const container of spec.initContainers ?? []) requestsFromLimits(container);
  if (spec.resources) {
    defaultHugePageLimits(spec);
    defaultPodRequests(spec);
  }
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    hostPorts(spec.containers);
    hostPorts(spec.initContainers);
  }
  if (spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
  defaultPodSpec(spec);
  dropOldAnnotations(pod.metadata);
  if (pod.status) defaultPodStatus(pod.status);
}

/** Sets defaults shared by pods and templates. Mutates. */
function defaultPodSpec(spec: Obj): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst';
  if (!spec.restartPolicy) spec.restartPolicy = 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler';
  if (spec.volumes) for (const volume of spec.volumes) defaultVolume(volume);
  if (spec.initContainers) for (const container of spec.initContainers) defaultContainer(container);
  if (spec.containers) for (const container of spec.containers) defaultContainer(container);
  if (spec.ephemeralContainers) for (const container of spec.ephemeralContainers) defaultContainer(container);
  aliasServiceAccount(spec);
}

/** spec.template of a workload. Mutates. */
export function defaultTemplate(template: Obj): void {
  template.metadata ??= {};
  template.spec ??= {};
  defaultPodSpec(template.spec);
  dropOldAnnotations(template.metadata);
}

/** spec.serviceAccount is the old name of spec.serviceAccountName; both are always written. Mutates. */
export function aliasServiceAccount(spec: Obj): void {
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
}

function dropOldAnnotations(metadata: Obj | undefined): void {
  const annotations = metadata?.annotations;
  if (!annotations) return;
  for (const name of OLD_INIT_CONTAINERS) if (name in annotations) delete annotations[name];
}

/** Only in pods, not in templates: a limit without a request is the request too. */
function requestsFromLimits(container: Obj): void {
  const limits = container.resources?.limits;
  if (!limits) return;
  for (const name in limits) {
    container.resources.requests ??= {};
    container.resources.requests[name] ??= limits[name];
  }
}

function hostPorts(containers: Obj[] | undefined): void {
  for (const container of containers ?? []) {
    for (const port of container.ports ?? []) if (!port.hostPort && port.containerPort) port.hostPort = port.containerPort;
  }
}

const size = (list: Obj | undefined): number => (list ? Object.keys(list).length : 0);

function defaultHugePageLimits(spec: Obj): void {
  const { limits, requests } = spec.resources;
  if (size(limits) === 0 && size(requests) === 0) return;
  for (const [name, total] of aggregate(spec, 'limits')) {
    if (!isHugePages(name) || requests?.[name] !== undefined) continue;
    spec.resources.limits ??= {};
    spec.resources.limits[name] ??= formatQuantity(total);
  }
}

function defaultPodRequests(spec: Obj): void {
  const limits = spec.resources.limits;
  if (size(limits) === 0) return;
  const requests: Record<string, string> = spec.resources.requests ?? {};
  for (const [name, total] of aggregate(spec, 'requests')) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= formatQuantity(total);
  }
  for (const name in limits) if (isPodLevelResource(name)) requests[name] ??= limits[name];
  if (size(requests) > 0) spec.resources.requests = requests;
}

/** Fields of a status that Go always prints, and podIP beside podIPs. Mutates. */
export function defaultPodStatus(status: Obj): void {
  for (const condition of status.conditions ?? []) {
    condition.lastProbeTime ??= null;
    condition.lastTransitionTime ??= null;
  }
  for (const list of [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses]) {
    for (const container of list ?? []) defaultContainerStatus(container);
  }
  if (status.podIP && status.podIP !== status.podIPs?.[0]?.ip) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && status.podIPs?.[0]?.ip) status.podIP = status.podIPs[0].ip;
}

function defaultContainerStatus(status: Obj): void {
  status.state ??= {};
  status.lastState ??= {};
  status.ready ??= false;
  status.restartCount ??= 0;
  status.image ??= '';
  status.imageID ??= '';
  for (const state of [status.state, status.lastState]) {
    if (state.running) state.running.startedAt ??= null;
    if (state.terminated) {
      state.terminated.startedAt ??= null;
      state.terminated.finishedAt ??= null;
    }
  }
}
