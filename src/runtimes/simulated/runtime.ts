import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { pullPause } from '../../kubelet/backoff.ts';
import type {
  ContainerObservation,
  ImageState,
  Observation,
  PodOnNode,
  ProcessState,
  Runtime,
  RuntimeAction,
} from '../../kubelet/runtime.ts';
import { type Behaviour, behaviourOf, SIMULATE } from './behaviour.ts';
import { nextStep, type Stage, type Step } from './stage.ts';
import { fast } from './stages/fast.ts';
import { lifelike } from './stages/lifelike.ts';
import { failedPulls, type PodState } from './state.ts';
import { use } from './use.ts';

const TABLES: Record<Behaviour['stages'], readonly Stage[]> = { fast, lifelike };
const PULLED: ImageState = { state: 'present', pulledInMs: 0 };
const NO_PROCESS: ProcessState = { state: 'none' };

/**
 * Runtime that executes nothing: an observation is a function of the pod's behaviour, its status and the time (SPEC SIM1..SIM4).
 * It has no state, so `apply` changes nothing and returns the observation that follows the actions.
 */
export const simulated: Runtime = {
  observe,
  apply,
  use,
  remove: () => undefined,
  isAtRest,
};

function observe({ pod, node }: PodOnNode, now: number): Observation {
  const behaviour = behaviourOf(pod, node);
  const step = nextStep(TABLES[behaviour.stages], pod, behaviour, now);
  const isTerse = behaviour.stages === 'fast';
  const image = imageOf(pod, behaviour, step, now);
  const process = processOf(pod, behaviour, step, now);
  const next = step.at ?? image.next;
  return {
    containers: forAll(pod, image.image, process),
    isStopped: step.stage?.to === 'stopped',
    ...(next !== undefined && { next }),
    ...(isTerse && { isTerse }),
  };
}

/** The same observation for every container: those of a simulated pod change state together. */
function forAll(pod: KubeObject, image: ImageState, process: ProcessState): Record<string, ContainerObservation> {
  const out: Record<string, ContainerObservation> = {};
  for (const container of pod.spec.containers as Obj[]) {
    out[container.name] = { image: image.state === 'failed' ? { ...image, error: pullError(container.image) } : image, process };
  }
  return out;
}

/** Error of a simulated pull: containerd's message for an image that does not exist. */
const pullError = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;

const PULLING_AGAIN: ReadonlySet<PodState> = new Set(['pull-failed', 'pull-backoff']);

function imageOf(pod: KubeObject, behaviour: Behaviour, step: Step, now: number): { image: ImageState; next?: number } {
  const { state, stage } = step;
  if (behaviour.stages === 'fast') return { image: PULLED };
  if (state === 'bound') return { image: { state: 'absent' } };
  if (state === 'creating' && stage?.to !== 'pull-failed') {
    return { image: stage ? pulled(behaviour) : { state: 'pulling' } };
  }
  if (state !== 'creating' && !PULLING_AGAIN.has(state)) return { image: pulled(behaviour) };
  const { failedAt, failures, next } = failedPulls(pod, behaviour, now);
  if (behaviour.pull !== 'fail') {
    // The annotation was changed after failures: the pull that is in progress succeeds.
    return now < pullPause(failedAt, failures).shownUntil ? { image: pulled(behaviour) } : { image: { state: 'pulling' }, next };
  }
  return { image: { state: 'failed', failedAt, failures, error: '' }, next };
}

const pulled = (behaviour: Behaviour): ImageState => ({ state: 'present', pulledInMs: behaviour.pullSeconds * 1000 });

function processOf(pod: KubeObject, behaviour: Behaviour, { stage }: Step, now: number): ProcessState {
  const first: Obj | undefined = pod.status?.containerStatuses?.[0];
  const attempt: number = first?.restartCount ?? 0;
  const { running, terminated } = first?.state ?? {};
  if (running) {
    const startedAt = parseTime(running.startedAt);
    if (stage?.to !== 'exited')
      return { state: 'running', attempt, startedAt, isReady: first?.ready === true || stage?.to === 'ready' };
    const exitCode = behaviour.stages === 'fast' ? 0 : (behaviour.exitCode ?? 0);
    return { state: 'exited', attempt, startedAt: behaviour.stages === 'fast' ? now : startedAt, finishedAt: now, exitCode };
  }
  const ended: Obj | undefined = terminated ?? first?.lastState?.terminated;
  if (!ended) return NO_PROCESS;
  const [startedAt, finishedAt] = [parseTime(ended.startedAt), parseTime(ended.finishedAt)];
  return { state: 'exited', attempt, startedAt, finishedAt, exitCode: ended.exitCode };
}

function apply(on: PodOnNode, actions: readonly RuntimeAction[], now: number): Observation {
  const observation = observe(on, now);
  for (const action of actions) {
    if (action.do === 'stop') continue;
    const known = observation.containers[action.container];
    if (!known) continue;
    if (action.do === 'pull') {
      if (known.image.state !== 'present') observation.containers[action.container] = { ...known, image: { state: 'pulling' } };
    } else if (known.process.state === 'none' || known.process.attempt < action.attempt) {
      const process: ProcessState = {
        state: 'running',
        attempt: action.attempt,
        startedAt: now,
        isReady: observation.isTerse === true,
      };
      observation.containers[action.container] = { ...known, process };
    }
  }
  return observation;
}

/** Whether no stage of the fast table applies any more: the pod is ready, or finished if it is a Job's. A pod with the annotation never is. */
function isAtRest({ metadata, status }: KubeObject, node: KubeObject | undefined, isGone: boolean): boolean {
  if (metadata.annotations?.[SIMULATE] !== undefined || node?.metadata.annotations?.[SIMULATE] !== undefined) return false;
  if (isGone) return Boolean(status?.podIP);
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  return status?.phase === 'Running' && !metadata.ownerReferences?.some((ref) => ref.kind === 'Job');
}
