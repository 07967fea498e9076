import { parseTime, secondsInMs } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Behaviour } from './behaviour.ts';
import { jitter } from './jitter.ts';
import { enteredAt, type PodState, stateOf } from './state.ts';

/** Conditions of a stage besides the state; each is a function of the pod and its behaviour. */
export type Condition = 'ofJob' | 'pullFails' | 'pullWorks' | 'exits' | 'becomesReady';

/** Delay before the stage is applied: a field of the behaviour, in seconds. */
export type Delay = { seconds: keyof Behaviour & `${string}Seconds` } | 'none';

/** One state change of a simulated pod's containers that the kubelet does not cause (KWOK's Stage). */
export interface Stage {
  name: string;
  from: readonly PodState[];
  when?: readonly Condition[];
  delay: Delay;
  /** State observed afterwards. Only stages to "stopped" apply to a pod that is being deleted. */
  to: 'pulled' | 'pull-failed' | 'ready' | 'exited' | 'stopped';
}

/** Result of a table for a pod: the stage that is due, the time of the next one (ms), or neither. */
export interface Step {
  stage?: Stage;
  state: PodState;
  at?: number;
}

/**
 * The stage of the table that applies to the pod and is due first; the earlier row wins a tie. A pure function of its arguments
 * (SPEC SIM1).
 */
export function nextStep(table: readonly Stage[], pod: KubeObject, behaviour: Behaviour, now: number): Step {
  const state = stateOf(pod);
  const deleting = pod.metadata.deletionTimestamp !== undefined;
  let best: { stage: Stage; at: number } | undefined;
  for (const stage of table) {
    if (!stage.from.includes(state) || (stage.to === 'stopped') !== deleting) continue;
    if (stage.when && !stage.when.every((c) => holds(c, pod, behaviour))) continue;
    const at = dueAt(stage, state, pod, behaviour);
    if (!best || at < best.at) best = { stage, at };
  }
  if (!best) return { state };
  return best.at <= now ? { stage: best.stage, state } : { state, at: best.at };
}

function dueAt(stage: Stage, state: PodState, pod: KubeObject, behaviour: Behaviour): number {
  if (stage.delay === 'none') return 0;
  const wanted = behaviour[stage.delay.seconds];
  if (!wanted) return 0;
  const extra = jitter(pod.metadata.uid, stage.name, behaviour.jitterSeconds * 1000);
  if (stage.to !== 'stopped') return enteredAt(pod, state) + wanted * 1000 + extra;
  const grace = secondsInMs(pod.metadata.deletionGracePeriodSeconds ?? 0);
  return deletedAt(pod) + Math.min(wanted * 1000 + extra, grace);
}

/** Beginning of the grace period, ms, when containers are asked to stop; deletionTimestamp is its end. */
const deletedAt = (pod: KubeObject): number =>
  parseTime(pod.metadata.deletionTimestamp ?? '') - secondsInMs(pod.metadata.deletionGracePeriodSeconds ?? 0);

function holds(condition: Condition, pod: KubeObject, behaviour: Behaviour): boolean {
  switch (condition) {
    case 'ofJob':
      return (pod.metadata.ownerReferences ?? []).some((ref) => ref.kind === 'Job');
    case 'pullFails':
      return behaviour.pull === 'fail';
    case 'pullWorks':
      return behaviour.pull !== 'fail';
    case 'exits':
      return behaviour.exitCode !== undefined;
    case 'becomesReady':
      return behaviour.ready;
  }
}
