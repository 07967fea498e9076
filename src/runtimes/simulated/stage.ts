import { parseTime, secondsInMs } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Behaviour } from './behaviour.ts';
import { jitter } from './jitter.ts';
import { enteredAt, type PodState, stateOf } from './state.ts';

/** Conditions of a stage besides the state; each follows from the pod and its behaviour alone. */
export type Condition = 'ofJob' | 'pullFails' | 'pullWorks' | 'exits' | 'becomesReady';

/** How long the pod stays before the stage is applied: seconds of its behaviour. */
export type Delay = { seconds: keyof Behaviour & `${string}Seconds` } | 'none';

/** One step in the life of a simulated pod's containers, which the kubelet does not cause. Tables of them are data. */
export interface Stage {
  name: string;
  from: readonly PodState[];
  when?: readonly Condition[];
  delay: Delay;
  /** The state observed from then on. Only stages to "stopped" apply to a pod that is being deleted. */
  to: 'pulled' | 'pull-failed' | 'ready' | 'exited' | 'stopped';
}

/** Result of a table for a pod: a stage that is due, the time of the next one, or neither. */
export interface Step {
  stage?: Stage;
  state: PodState;
  at?: number;
}

/**
 * The stage of the table that applies to the pod and is due first; the earlier row wins a tie. Pure: the same pod, behaviour and time give
 * the same answer (SPEC SIM1).
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

/** deletionTimestamp is when the grace period ends; containers are asked to stop at its beginning. */
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
