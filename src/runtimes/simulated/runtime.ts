import { parseTime } from '../../api/machinery/time.ts';
import type {
  ContainerObservation,
  Observation,
  PodOnNode,
  ProcessState,
  Runtime,
  RuntimeAction,
} from '../../kubelet/runtime.ts';
import { endOf, members, statusesOf } from '../../kubelet/turns.ts';
import type { KubeObject } from '../../lib/json.ts';
import { scriptOf, type Script, SIMULATE } from './behaviour.ts';
import { observeFast } from './fast.ts';
import { use } from './use.ts';
import { delay, isInit, observeLifelike } from './lifelike.ts';

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

function observe(on: PodOnNode, now: number): Observation {
  const script = scriptOf(on.pod, on.node);
  const observation = script.stages === 'fast' ? observeFast(on.pod, now) : observeLifelike(on, script, now);
  return script.warning ? { ...observation, warning: script.warning } : observation;
}

function apply(on: PodOnNode, actions: readonly RuntimeAction[], now: number): Observation {
  const observation = observe(on, now);
  for (const action of actions) {
    if (action.do === 'stop') stop(on, observation, action, now);
    else if (action.do === 'kill') kill(on, observation, action, now);
    else begin(observation, action, now);
  }
  return observation;
}

function begin(
  { containers, isTerse }: Observation,
  action: Extract<RuntimeAction, { do: 'pull' | 'start' }>,
  now: number,
): void {
  const known = containers[action.container];
  if (!known) return;
  if (action.do === 'pull') {
    if (known.image.state !== 'present') containers[action.container] = { ...known, image: { state: 'pulling' } };
  } else if (known.process.state === 'none' || known.process.attempt < action.attempt) {
    const process: ProcessState = { state: 'running', attempt: action.attempt, startedAt: now, isReady: isTerse === true };
    containers[action.container] = { ...known, process };
  }
}

type Running = Extract<ProcessState, { state: 'running' }>;

/** When a process that is asked to end does so, and how. */
function endOfProcess(on: PodOnNode, script: Script, name: string, process: Running, ask: { since: number; killAt: number }) {
  const member = members(on.pod).find(({ container }) => container.name === name);
  if (!member) return undefined;
  const { container } = member;
  const behaviour = script.of(container, isInit(member));
  const wanted = ask.since + delay(on.pod, container, behaviour, 'terminationSeconds');
  const { attempt, startedAt } = process;
  const finishedAt = Math.max(Math.min(wanted, ask.killAt), startedAt);
  const failedHook = container.lifecycle?.preStop && behaviour.preStop === 'fail' ? { failedHook: 'preStop' as const } : {};
  return { state: 'exited' as const, attempt, startedAt, finishedAt, exitCode: wanted > ask.killAt ? 137 : 143, ...failedHook };
}

function kill(on: PodOnNode, observation: Observation, action: Extract<RuntimeAction, { do: 'kill' }>, now: number): void {
  const known = observation.containers[action.container];
  if (known?.process.state !== 'running' || known.process.attempt !== action.attempt) return;
  const end = endOfProcess(on, scriptOf(on.pod, on.node), action.container, known.process, action);
  if (end) conclude(observation, action.container, known, end, now);
}

/** The process has ended, or its end is foreseen. */
function conclude(
  observation: Observation,
  name: string,
  known: ContainerObservation,
  end: Extract<ProcessState, { state: 'exited' }>,
  now: number,
): void {
  if (end.finishedAt <= now) observation.containers[name] = { image: known.image, process: end };
  else observation.next = Math.min(end.finishedAt, observation.next ?? end.finishedAt);
}

function stop(on: PodOnNode, observation: Observation, action: Extract<RuntimeAction, { do: 'stop' }>, now: number): void {
  const script = scriptOf(on.pod, on.node);
  const statuses = statusesOf(on.pod);
  let { since } = action;
  let isStopped = true;
  for (const group of action.order) {
    let last = since;
    for (const name of group) {
      const known = observation.containers[name];
      const shown = endOf(statuses.get(name));
      if (shown) last = Math.max(last, parseTime(shown.finishedAt));
      if (known?.process.state !== 'running') continue;
      const end = endOfProcess(on, script, name, known.process, { since, killAt: action.killAt });
      if (!end) continue;
      conclude(observation, name, known, end, now);
      if (end.finishedAt > now) isStopped = false;
      last = Math.max(last, end.finishedAt);
    }
    since = last;
  }
  observation.isStopped = isStopped;
}

/** Whether no stage of the fast table applies any more: the pod is ready, or finished if it is a Job's. A pod with the annotation never is. */
function isAtRest({ metadata, status }: KubeObject, node: KubeObject | undefined, isGone: boolean): boolean {
  if (metadata.annotations?.[SIMULATE] !== undefined || node?.metadata.annotations?.[SIMULATE] !== undefined) return false;
  if (isGone) return Boolean(status?.podIP);
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  return status?.phase === 'Running' && !metadata.ownerReferences?.some((ref) => ref.kind === 'Job');
}
