import { rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import {
  compact,
  condition,
  containerStatus,
  isSidecar,
  keptOf,
  mergeConditions,
  type Place,
  placeOf,
  plainCondition,
  terseInitStatus,
} from './status.ts';

/** The state of the containers of a pod, from which its phase and conditions follow. */
export interface PodProgress {
  containerStatuses: Obj[];
  /** No container is going to run again. */
  isFinished: boolean;
}

const NEVER_RAN = new Set(['ContainerCreating', 'PodInitializing', 'ErrImagePull', 'ImagePullBackOff']);
const CREATING = new Set(['ContainerCreating', 'PodInitializing']);

const hasRun = (c: Obj): boolean => !NEVER_RAN.has(c.state?.waiting?.reason) || c.lastState?.terminated !== undefined;

/** The code of the container that ended worst: what makes the phase of a pod that has ended. */
const exitCodeOf = (statuses: Obj[]): number =>
  statuses.map((c) => (c.state?.terminated ?? c.lastState?.terminated)?.exitCode ?? 0).find((code) => code !== 0) ?? 0;

/** The status of a pod as a kubelet writes it (pkg/kubelet generateAPIPodStatus). */
export function podStatus(pod: KubeObject, { containerStatuses, isFinished }: PodProgress, at: Place): Obj {
  const time = rfc3339(at.now);
  const status: Obj = pod.status ?? {};
  const exitCode = exitCodeOf(containerStatuses);
  const isStarted = status.phase === 'Running' || containerStatuses.some(hasRun);
  const isCreating = !isFinished && containerStatuses.every((c) => CREATING.has(c.state?.waiting?.reason) && !hasRun(c));
  return compact({
    ...keptOf(status),
    observedGeneration: pod.metadata.generation,
    phase: isFinished ? (exitCode === 0 ? 'Succeeded' : 'Failed') : isStarted ? 'Running' : 'Pending',
    conditions: mergeConditions(
      status,
      conditionsOf(
        pod,
        { isCreating, isFinished, exitCode, isInitialized: containerStatuses.some(hasRun), containerStatuses },
        time,
      ),
    ),
    ...(isCreating && !status.podIP ? { hostIP: at.hostIP, hostIPs: [{ ip: at.hostIP }] } : placeOf(status, at)),
    startTime: status.startTime ?? time,
    ...(pod.spec.initContainers?.length && {
      initContainerStatuses: pod.spec.initContainers.map((c: Obj) =>
        initStatus(c, { isInitialized: containerStatuses.some(hasRun), isFinished }, status, time),
      ),
    }),
    containerStatuses,
    qosClass: status.qosClass,
  });
}

/** The status of a pod as KWOK's stages pod-ready and pod-complete write it. */
export function terseStatus(pod: KubeObject, { containerStatuses, isFinished }: PodProgress, at: Place): Obj {
  const { spec, status = {} } = pod;
  if (isFinished) return { ...status, phase: exitCodeOf(containerStatuses) === 0 ? 'Succeeded' : 'Failed', containerStatuses };
  const time = rfc3339(at.now);
  const gates: string[] = (spec.readinessGates ?? []).map((g: Obj) => g.conditionType);
  const conditions = ['Initialized', 'Ready', 'ContainersReady', ...gates].map((type) => plainCondition(type, 'True', time));
  return compact({
    ...keptOf(status),
    phase: 'Running',
    conditions: mergeConditions(status, conditions),
    ...placeOf(status, at),
    startTime: time,
    ...(spec.initContainers?.length && { initContainerStatuses: spec.initContainers.map((c: Obj) => terseInitStatus(c, time)) }),
    containerStatuses,
    qosClass: status.qosClass,
  });
}

/** Init containers have no steps of their own here: they are done, and sidecars run, once a container of the pod has run. */
function initStatus(container: Obj, is: { isInitialized: boolean; isFinished: boolean }, status: Obj, time: string): Obj {
  const old = (status.initContainerStatuses ?? []).find((c: Obj) => c.name === container.name);
  if (!is.isInitialized) {
    return old ?? containerStatus(container, { waiting: { reason: 'PodInitializing' } }, { ready: false, started: false });
  }
  const sidecar = isSidecar(container);
  if (old && !old.state.waiting && !(sidecar && is.isFinished)) return old;
  const imageID: string = container.image;
  if (sidecar && !is.isFinished) {
    return containerStatus(container, { running: { startedAt: time } }, { ready: true, started: true, imageID });
  }
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: old?.state?.running?.startedAt ?? time, finishedAt: time };
  return containerStatus(container, { terminated }, { ready: !sidecar, started: false, imageID });
}

interface Facts {
  isCreating: boolean;
  isInitialized: boolean;
  isFinished: boolean;
  exitCode: number;
  containerStatuses: Obj[];
}

/** The kubelet's conditions, in its order (pkg/kubelet/status GeneratePodReadyCondition and its neighbours). */
function conditionsOf(pod: KubeObject, is: Facts, time: string): Obj[] {
  const inits: string[] = (pod.spec.initContainers ?? []).filter((c: Obj) => !isSidecar(c)).map((c: Obj) => c.name);
  const isReady = !is.isFinished && is.containerStatuses.every((c) => c.ready);
  const names = pod.spec.containers.map((c: Obj) => c.name).join(' ');
  const unready =
    is.isFinished && is.exitCode === 0
      ? { reason: 'PodCompleted' }
      : is.isFinished
        ? { reason: 'PodFailed' }
        : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  const make = (type: string, ok: boolean, details?: Obj): Obj => {
    const old = condition(pod.status, type);
    const status = ok ? 'True' : 'False';
    return {
      type,
      observedGeneration: pod.metadata.generation,
      status,
      lastProbeTime: null,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
      ...(!ok && details),
    };
  };
  return [
    make('PodReadyToStartContainers', !is.isCreating && !is.isFinished),
    make('Initialized', !inits.length || is.isInitialized, {
      reason: 'ContainersNotInitialized',
      message: `containers with incomplete status: [${inits.join(' ')}]`,
    }),
    make('Ready', isReady, unready),
    make('ContainersReady', isReady, unready),
  ];
}
