import { parseTime, rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { pullPause, restartDelay } from './backoff.ts';
import { crashMessage, type Said } from './events.ts';
import type { ContainerObservation, ProcessState, RuntimeAction } from './runtime.ts';
import { compact, containerStatus } from './status.ts';

/** Result for one container: a new entry of containerStatuses (absent: unchanged), actions for the runtime, events. */
export interface ContainerSync {
  status?: Obj;
  action?: RuntimeAction;
  says?: readonly Said[];
  /** When to look again though nothing is signalled, ms. */
  next?: number;
}

/** One container of a pod at one time: its spec, what the pod's status says of it, what its runtime knows. */
export interface ContainerInput {
  pod: KubeObject;
  container: Obj;
  old: Obj | undefined;
  observed: ContainerObservation;
  isTerse: boolean;
  now: number;
}

type Running = Extract<ProcessState, { state: 'running' }>;
type Exited = Extract<ProcessState, { state: 'exited' }>;

/** The exit code of a process that its runtime has lost (kuberuntime, convertStatusToAPIStatus). */
const LOST_EXIT_CODE = 137;
const LOST = { reason: 'ContainerStatusUnknown', message: 'The container could not be located when the pod was terminated' };
const NOTHING: ContainerSync = {};

/**
 * The next step of one container (kuberuntime computePodActions, and the status that PLEG's look at it gives). The status of the pod is the
 * kubelet's memory of what it has shown; one step is shown at a time.
 */
export function syncContainer(input: ContainerInput): ContainerSync {
  const { old } = input;
  if (old?.state?.running) return syncRunning(input, old);
  if (old?.state?.terminated) return syncTerminated(input, old);
  if (old?.state?.waiting?.reason === 'CrashLoopBackOff') return syncCrashed(input, old);
  return syncWaiting(input, old?.state?.waiting?.reason);
}

/** A container that never ran: its image is pulled, and it is started. */
function syncWaiting(input: ContainerInput, reason: string | undefined): ContainerSync {
  const { container, observed } = input;
  const { image, process } = observed;
  const isRetry = reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
  if (process.state === 'running' || process.state === 'exited') {
    const says: Said[] = reason === undefined ? ['Present'] : isRetry ? ['Pulling', 'Pulled'] : ['Pulled'];
    return { status: startedStatus(input, process), says: [...says, 'Created', 'Started'] };
  }
  if (process.state === 'starting') return NOTHING;
  if (image.state === 'present') return { action: { do: 'start', container: container.name, attempt: 0 } };
  if (reason === undefined) {
    const status = containerStatus(container, { waiting: { reason: 'ContainerCreating' } }, { ready: false, started: false });
    return { status, says: ['Pulling'], ...(image.state === 'absent' && { action: pull(container, 0) }) };
  }
  if (image.state === 'failed') return syncFailedPull(input, image, reason);
  return image.state === 'absent' ? { action: pull(container, 0) } : NOTHING;
}

const pull = (container: Obj, attempt: number): RuntimeAction => ({ do: 'pull', container: container.name, attempt });

function syncFailedPull(
  { container, now }: ContainerInput,
  image: Extract<ContainerObservation['image'], { state: 'failed' }>,
  reason: string,
): ContainerSync {
  const { shownUntil, retryAt } = pullPause(image.failedAt, image.failures);
  const isRetry = reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
  const waiting = (shown: string, message: string) =>
    containerStatus(container, { waiting: { reason: shown, message } }, { ready: false, started: false });
  if (!isRetry) return { status: waiting('ErrImagePull', image.error), says: ['PullFailed', 'ErrImagePull'] };
  if (now < shownUntil) {
    if (reason === 'ErrImagePull') return { next: shownUntil };
    return { status: waiting('ErrImagePull', image.error), says: ['Pulling', 'PullFailed', 'ErrImagePull'] };
  }
  if (reason === 'ImagePullBackOff') return now < retryAt ? { next: retryAt } : { action: pull(container, image.failures) };
  const message = `Back-off pulling image "${container.image}": ErrImagePull: ${image.error}`;
  return { status: waiting('ImagePullBackOff', message), says: ['BackOffPull', 'ImagePullBackOff'] };
}

/** A container that is shown running: its readiness, and its end. */
function syncRunning(input: ContainerInput, old: Obj): ContainerSync {
  const { process } = input.observed;
  switch (process.state) {
    case 'running':
      return process.isReady === old.ready ? NOTHING : { status: { ...old, ready: process.isReady, started: true } };
    case 'exited':
      return { status: exitedStatus(input, process) };
    case 'none': {
      const startedAt = parseTime(old.state.running.startedAt);
      const lost: Exited = {
        state: 'exited',
        attempt: old.restartCount,
        startedAt,
        finishedAt: input.now,
        exitCode: LOST_EXIT_CODE,
        ...LOST,
      };
      return { status: exitedStatus(input, lost) };
    }
    case 'starting':
      return NOTHING;
  }
}

/** Whether a container that ended with this code starts again. */
export const restarts = (spec: Obj, exitCode: number): boolean =>
  spec.restartPolicy === 'Always' || (spec.restartPolicy === 'OnFailure' && exitCode !== 0);

function syncTerminated(input: ContainerInput, old: Obj): ContainerSync {
  const { container, pod, isTerse } = input;
  if (isTerse || !restarts(pod.spec, old.state.terminated.exitCode)) return NOTHING;
  const message = crashMessage(container, pod, delayOf(old));
  const facts = { ready: false, started: false, restartCount: old.restartCount, lastState: old.state, imageID: old.imageID };
  return {
    status: containerStatus(container, { waiting: { reason: 'CrashLoopBackOff', message } }, facts),
    says: ['BackOffRestart'],
  };
}

/** The pause before the container starts again, from what its status says of its last run. */
function delayOf(old: Obj): number {
  const ended: Obj | undefined = old.state?.terminated ?? old.lastState?.terminated;
  return ended ? restartDelay(old.restartCount ?? 0, parseTime(ended.startedAt), parseTime(ended.finishedAt)) : 0;
}

function syncCrashed(input: ContainerInput, old: Obj): ContainerSync {
  const { observed, container, isTerse, now } = input;
  const { process } = observed;
  const attempt = (old.restartCount ?? 0) + 1;
  if ((process.state === 'running' || process.state === 'exited') && process.attempt >= attempt) {
    return { status: startedStatus(input, process), says: ['Present', 'Created', 'Started'] };
  }
  if (process.state === 'starting' && process.attempt >= attempt) return NOTHING;
  const at = parseTime(old.lastState.terminated.finishedAt) + delayOf(old);
  if (now < at && !isTerse) return { next: at };
  return { action: { do: 'start', container: container.name, attempt } };
}

const imageId = ({ container, isTerse }: ContainerInput): string => (isTerse ? '' : container.image);

function startedStatus(input: ContainerInput, process: Running | Exited): Obj {
  const { container, old, isTerse } = input;
  const running = { running: { startedAt: rfc3339(process.startedAt) } };
  const ready = process.state === 'running' && process.isReady;
  if (isTerse) return containerStatus(container, running, { ready });
  const lastState = old?.lastState ?? {};
  const facts = { started: true, restartCount: process.attempt, lastState, imageID: imageId(input) };
  return containerStatus(container, running, { ready, ...facts });
}

function exitedStatus(input: ContainerInput, { exitCode, finishedAt, startedAt, reason, message }: Exited): Obj {
  const { container, old, isTerse } = input;
  const terminated = compact({
    exitCode,
    reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
    message,
    startedAt: isTerse ? rfc3339(startedAt) : (old?.state?.running?.startedAt ?? rfc3339(startedAt)),
    finishedAt: rfc3339(finishedAt),
  });
  if (isTerse) return containerStatus(container, { terminated }, { ready: false, started: false });
  const { restartCount = 0, lastState = {} } = old ?? {};
  const facts = { ready: false, started: false, restartCount, lastState, imageID: imageId(input) };
  return containerStatus(container, { terminated }, facts);
}
