import type { KubeObject, Obj } from '../../lib/json.ts';
import { SIMULATED_DELAY_MAX_SECONDS } from '../limits.ts';

/** On a pod, or on a node for all its pods: how its containers behave, as JSON (SPEC SIM2). */
export const SIMULATE = 'atoll.dev/simulate';

/** How the containers of a simulated pod behave. */
export interface Behaviour {
  /** fast: as KWOK's default stages. lifelike: as a kubelet with a container runtime, in its steps and with its events. */
  stages: 'fast' | 'lifelike';
  pull: 'ok' | 'fail';
  pullSeconds: number;
  /** false: never becomes ready. */
  ready: boolean;
  readySeconds: number;
  /** When set, the containers end with it after exitSeconds. */
  exitCode?: number;
  exitSeconds: number;
  terminationSeconds: number;
  jitterSeconds: number;
}

const FAST: Behaviour = {
  stages: 'fast',
  pull: 'ok',
  pullSeconds: 0,
  ready: true,
  readySeconds: 0,
  exitSeconds: 0,
  terminationSeconds: 0,
  jitterSeconds: 0,
};

/** The behaviour asked for by the pod's annotation, else its node's, else the fast one. What is not understood is ignored. */
export function behaviourOf(pod: KubeObject, node: KubeObject): Behaviour {
  const text = pod.metadata.annotations?.[SIMULATE] ?? node.metadata.annotations?.[SIMULATE];
  return text === undefined ? FAST : parse(text);
}

function parse(text: string): Behaviour {
  let asked: Obj;
  try {
    asked = JSON.parse(text);
  } catch {
    return FAST;
  }
  if (asked === null || typeof asked !== 'object') return FAST;
  const out: Behaviour = { ...FAST, stages: asked.stages === 'fast' ? 'fast' : 'lifelike' };
  if (asked.pull === 'fail') out.pull = 'fail';
  if (asked.ready === false) out.ready = false;
  for (const key of ['pullSeconds', 'readySeconds', 'exitSeconds', 'terminationSeconds', 'jitterSeconds'] as const) {
    const value = asked[key];
    if (typeof value === 'number' && value >= 0) out[key] = Math.min(value, SIMULATED_DELAY_MAX_SECONDS);
  }
  if (Number.isInteger(asked.exitCode) && asked.exitCode >= 0 && asked.exitCode <= 255) out.exitCode = asked.exitCode;
  return out;
}
