import { rfc3339 } from '../../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../../lib/json.ts';
import {
  completedStatus,
  compact,
  condition,
  containerStatus,
  isSidecar,
  keptOf,
  mergeConditions,
  type Place,
  placeOf,
  runningStatus,
} from '../../status.ts';
import type { Behaviour } from './behaviour.ts';
import { crashMessage, pullError } from './says.ts';
import type { PodState } from './state.ts';

/** The status of a pod that has come to a state by the fast table. */
function fastStatus(pod: KubeObject, to: PodState, at: Place): Obj {
  return to === 'finished' ? completedStatus(pod, at.now) : runningStatus(pod, at);
}

/** The status of a pod that has come to a state. */
export function statusAfter(pod: KubeObject, to: PodState, behaviour: Behaviour, at: Place): Obj {
  if (behaviour.stages === 'fast') return fastStatus(pod, to, at);
  const time = rfc3339(at.now);
  const status: Obj = pod.status ?? {};
  const exitCode = to === 'exited' ? (behaviour.exitCode ?? 0) : lastExit(status);
  const phase = to === 'finished' ? (exitCode === 0 ? 'Succeeded' : 'Failed') : hasRun(status, to) ? 'Running' : 'Pending';
  const previous = new Map<string, Obj>((status.containerStatuses ?? []).map((c: Obj) => [c.name, c]));
  return compact({
    ...keptOf(status),
    observedGeneration: pod.metadata.generation,
    phase,
    conditions: mergeConditions(status, conditionsOf(pod, to, exitCode, time)),
    ...(to === 'creating' && !status.podIP ? { hostIP: at.hostIP, hostIPs: [{ ip: at.hostIP }] } : placeOf(status, at)),
    startTime: status.startTime ?? time,
    ...(pod.spec.initContainers?.length && {
      initContainerStatuses: pod.spec.initContainers.map((c: Obj) => initStatus(c, to, status, time)),
    }),
    containerStatuses: pod.spec.containers.map((c: Obj) => nextStatus(c, previous.get(c.name), to, { pod, time, exitCode })),
    qosClass: status.qosClass,
  });
}

const lastExit = (status: Obj): number => {
  const first = status.containerStatuses?.[0];
  return (first?.state?.terminated ?? first?.lastState?.terminated)?.exitCode ?? 0;
};

const hasRun = (status: Obj, to: PodState): boolean =>
  status.phase === 'Running' || to === 'started' || to === 'ready' || to === 'exited' || to === 'crash-backoff';

interface Moment {
  pod: KubeObject;
  time: string;
  exitCode: number;
}

function nextStatus(container: Obj, old: Obj | undefined, to: PodState, cx: Moment): Obj {
  const restartCount = old?.restartCount ?? 0;
  const lastState = old?.lastState ?? {};
  const waiting = (reason: string, message?: string) => ({ waiting: compact({ reason, message }) });
  switch (to) {
    case 'pull-failed':
      return containerStatus(container, waiting('ErrImagePull', pullError(container)), { ready: false, started: false });
    case 'pull-backoff': {
      const message = `Back-off pulling image "${container.image}": ErrImagePull: ${pullError(container)}`;
      return containerStatus(container, waiting('ImagePullBackOff', message), { ready: false, started: false });
    }
    case 'started': {
      const again = lastState.terminated !== undefined;
      const facts = { ready: false, started: true, restartCount: restartCount + (again ? 1 : 0), lastState, ...idsOf(container) };
      return containerStatus(container, { running: { startedAt: cx.time } }, facts);
    }
    case 'ready':
      return { ...old, ready: true, started: true };
    case 'exited': {
      const terminated = {
        exitCode: cx.exitCode,
        reason: cx.exitCode === 0 ? 'Completed' : 'Error',
        startedAt: old?.state?.running?.startedAt ?? cx.time,
        finishedAt: cx.time,
      };
      return containerStatus(
        container,
        { terminated },
        { ready: false, started: false, restartCount, lastState, ...idsOf(container) },
      );
    }
    case 'crash-backoff': {
      const state = waiting('CrashLoopBackOff', crashMessage(container, cx.pod));
      return containerStatus(container, state, {
        ready: false,
        started: false,
        restartCount,
        lastState: old?.state,
        ...idsOf(container),
      });
    }
    case 'finished':
      return old ?? containerStatus(container, waiting('ContainerCreating'), { ready: false });
    default:
      return containerStatus(container, waiting('ContainerCreating'), { ready: false, started: false });
  }
}

const idsOf = (container: Obj) => ({ imageID: container.image as string });

function initStatus(container: Obj, to: PodState, status: Obj, time: string): Obj {
  const old = (status.initContainerStatuses ?? []).find((c: Obj) => c.name === container.name);
  if (to === 'creating' || to === 'pull-failed' || to === 'pull-backoff') {
    return old ?? containerStatus(container, { waiting: { reason: 'PodInitializing' } }, { ready: false, started: false });
  }
  const sidecar = isSidecar(container);
  if (old && !old.state.waiting && !(sidecar && to === 'finished')) return old;
  if (sidecar && to !== 'finished') {
    return containerStatus(container, { running: { startedAt: time } }, { ready: true, started: true, ...idsOf(container) });
  }
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: old?.state?.running?.startedAt ?? time, finishedAt: time };
  return containerStatus(container, { terminated }, { ready: !sidecar, started: false, ...idsOf(container) });
}

/** The kubelet's conditions, in its order (pkg/kubelet/status GeneratePodReadyCondition and its neighbours). */
function conditionsOf(pod: KubeObject, to: PodState, exitCode: number, time: string): Obj[] {
  const names = pod.spec.containers.map((c: Obj) => c.name).join(' ');
  const inits: string[] = (pod.spec.initContainers ?? []).filter((c: Obj) => !isSidecar(c)).map((c: Obj) => c.name);
  const initialized = !inits.length || !(to === 'creating' || to === 'pull-failed' || to === 'pull-backoff');
  const unready =
    to === 'finished' && exitCode === 0
      ? { reason: 'PodCompleted' }
      : to === 'finished'
        ? { reason: 'PodFailed' }
        : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  const make = (type: string, ok: boolean, why?: Obj): Obj => {
    const old = condition(pod.status, type);
    const status = ok ? 'True' : 'False';
    return {
      type,
      observedGeneration: pod.metadata.generation,
      status,
      lastProbeTime: null,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
      ...(!ok && why),
    };
  };
  const sandbox = to !== 'creating' && to !== 'finished';
  return [
    make('PodReadyToStartContainers', sandbox),
    make('Initialized', initialized, {
      reason: 'ContainersNotInitialized',
      message: `containers with incomplete status: [${inits.join(' ')}]`,
    }),
    make('Ready', to === 'ready', unready),
    make('ContainersReady', to === 'ready', unready),
  ];
}
