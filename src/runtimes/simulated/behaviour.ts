import type { KubeObject, Obj } from '../../lib/json.ts';
import { SIMULATED_DELAY_MAX_SECONDS } from '../limits.ts';

/** Annotation of a pod, or of a node for all its pods: the behaviour of the containers as JSON (SPEC SIM2). */
export const SIMULATE = 'atoll.dev/simulate';

/** Behaviour of the containers of a simulated pod. */
export interface Behaviour {
  /** fast: KWOK's default stages. lifelike: the steps and Events of a kubelet with a container runtime. */
  stages: 'fast' | 'lifelike';
  pull: 'ok' | 'fail';
  pullSeconds: number;
  /** false: never becomes ready. */
  ready: boolean;
  readySeconds: number;
  /** Exit code of the containers after exitSeconds; absent: they keep running. */
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

/** Behaviour from the pod's annotation, else its node's, else the fast one. Unknown fields and invalid values are ignored. */
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
