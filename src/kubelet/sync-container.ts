import { parseTime, rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { pullPause, restartDelay } from './backoff.ts';
import { crashMessage, type Said } from './events.ts';
import { syncRunning } from './sync-running.ts';
import { restarts } from './restart-policy.ts';
import type { ContainerObservation, ProcessState, RuntimeAction } from './runtime.ts';
import { containerStatus, resourcesOf, shownOfSpec } from './status.ts';
import type { ContainerInput, ContainerSync } from './sync.ts';

type Started = Extract<ProcessState, { startedAt: number }>;

const NOTHING: ContainerSync = {};

/**
 * The next step of one container (kuberuntime computePodActions, and the status that PLEG's look at it gives). The status of the pod is the
 * kubelet's memory of what it has shown; one step is shown at a time.
 */
export function syncContainer(input: ContainerInput): ContainerSync {
  const { old, isInTurn } = input;
  if (old?.state?.running) return syncRunning(input, old);
  if (!isInTurn) return old ? NOTHING : { status: waitingStatus(input, { reason: creating(input.pod) }) };
  if (old?.state?.terminated) return syncTerminated(input, old);
  if (old?.state?.waiting?.reason === 'CrashLoopBackOff') return syncCrashed(input, old);
  return syncWaiting(input, old?.state?.waiting?.reason);
}

/** The reason of a container that never ran (convertToAPIContainerStatuses, defaultWaitingState). */
const creating = ({ spec }: KubeObject): string => (spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating');

function waitingStatus({ container, old, role }: ContainerInput, waiting: Obj): Obj {
  const { restartCount = 0, lastState = {} } = old ?? {};
  const started = role === 'ephemeral' ? undefined : false;
  return containerStatus(container, { waiting }, { ready: false, started, restartCount, lastState, ...shownOfSpec(container) });
}

const isRetry = (reason: string | undefined): boolean => reason === 'ErrImagePull' || reason === 'ImagePullBackOff';

/** A container that never ran: its image is pulled, and it is started. */
function syncWaiting(input: ContainerInput, reason: string | undefined): ContainerSync {
  const { container, observed, pod } = input;
  const { image, process } = observed;
  if (process.state === 'running' || process.state === 'exited') {
    const says: Said[] = reason === undefined ? ['Present'] : isRetry(reason) ? ['Pulling', 'Pulled'] : ['Pulled'];
    return { status: startedStatus(input, process), says: [...says, 'Created', 'Started'] };
  }
  if (process.state === 'starting') return NOTHING;
  if (image.state === 'present') return { action: { do: 'start', container: container.name, attempt: 0 } };
  if (reason === undefined) {
    const status = waitingStatus(input, { reason: creating(pod) });
    return { status, says: ['Pulling'], ...(image.state === 'absent' && { action: pull(container, 0) }) };
  }
  if (image.state === 'failed') return syncFailedPull(input, image, reason);
  return image.state === 'absent' ? { action: pull(container, 0) } : NOTHING;
}

const pull = (container: Obj, attempt: number): RuntimeAction => ({ do: 'pull', container: container.name, attempt });

/** A container that has come in turn by what is shown now: its pull begins. */
export const beginning = ({ image }: ContainerObservation, container: Obj): ContainerSync => ({
  says: ['Pulling'],
  ...(image.state === 'absent' && { action: pull(container, 0) }),
});

function syncFailedPull(
  input: ContainerInput,
  image: Extract<ContainerObservation['image'], { state: 'failed' }>,
  reason: string,
): ContainerSync {
  const { container, now } = input;
  const { shownUntil, retryAt } = pullPause(image.failedAt, image.failures);
  const waiting = (shown: string, message: string) => waitingStatus(input, { reason: shown, message });
  if (!isRetry(reason)) return { status: waiting('ErrImagePull', image.error), says: ['PullFailed', 'ErrImagePull'] };
  if (now < shownUntil) {
    if (reason === 'ErrImagePull') return { next: shownUntil };
    return { status: waiting('ErrImagePull', image.error), says: ['Pulling', 'PullFailed', 'ErrImagePull'] };
  }
  if (reason === 'ImagePullBackOff') return now < retryAt ? { next: retryAt } : { action: pull(container, image.failures) };
  const message = `Back-off pulling image "${container.image}": ErrImagePull: ${image.error}`;
  return { status: waiting('ImagePullBackOff', message), says: ['BackOffPull', 'ImagePullBackOff'] };
}

function syncTerminated(input: ContainerInput, old: Obj): ContainerSync {
  const { container, pod, role } = input;
  if (!restarts(container, role, pod, old.state.terminated.exitCode)) return NOTHING;
  const message = crashMessage(container, pod, delayOf(old));
  const facts = { ready: false, started: false, restartCount: old.restartCount, lastState: old.state, imageID: old.imageID };
  const waiting = { reason: 'CrashLoopBackOff', message };
  return {
    status: containerStatus(container, { waiting }, { ...facts, ...shownOfSpec(container) }),
    says: ['BackOffRestart'],
  };
}

/** The pause before the container starts again, from what its status says of its last run. */
function delayOf(old: Obj): number {
  const ended: Obj | undefined = old.state?.terminated ?? old.lastState?.terminated;
  return ended ? restartDelay(old.restartCount ?? 0, parseTime(ended.startedAt), parseTime(ended.finishedAt)) : 0;
}

function syncCrashed(input: ContainerInput, old: Obj): ContainerSync {
  const { observed, container, now } = input;
  const { process } = observed;
  const attempt = (old.restartCount ?? 0) + 1;
  if ((process.state === 'running' || process.state === 'exited') && process.attempt >= attempt) {
    return { status: startedStatus(input, process), says: ['Present', 'Created', 'Started'] };
  }
  if (process.state === 'starting' && process.attempt >= attempt) return NOTHING;
  const at = parseTime(old.lastState.terminated.finishedAt) + delayOf(old);
  return now < at ? { next: at } : { action: { do: 'start', container: container.name, attempt } };
}

/** A container that has been started is shown so, also when it has ended meanwhile: that is the next step. Its probes have not run yet. */
function startedStatus({ container, old, role }: ContainerInput, process: Started): Obj {
  const running = { running: { startedAt: rfc3339(process.startedAt) } };
  const ready = process.state === 'running' && process.isReady && !container.startupProbe && !container.readinessProbe;
  return containerStatus(container, running, {
    ready: ready && role !== 'init',
    started: role === 'ephemeral' ? undefined : !container.startupProbe,
    restartCount: process.attempt,
    lastState: old?.lastState ?? {},
    imageID: container.image,
    ...shownOfSpec(container),
    ...resourcesOf(container),
  });
}
