import type { Obj } from '../../lib/json.ts';
import { type History, lastMade, type ScaleEvent } from './history.ts';

/** How long a size is held before it shrinks, where no behavior says so, s (--horizontal-pod-autoscaler-downscale-stabilization). */
const DOWNSCALE_WINDOW_SECONDS = 300;
/** Without a behavior, a size at most doubles at once, or comes to this. */
const SCALE_UP_FACTOR = 2;
const SCALE_UP_MINIMUM = 4;

/** What a desired size is normalized by. */
export interface Bounds {
  behavior: Obj | undefined;
  min: number;
  max: number;
  replicas: number;
  history: History;
  now: number;
}

interface Verdict {
  reason: string;
  message: string;
}

/** The size after stabilization and limits, and the conditions that say so. */
export interface Normalized {
  desired: number;
  /** Condition AbleToScale. */
  able: Verdict;
  /** Condition ScalingLimited. */
  limited: Verdict & { status: 'True' | 'False' };
  /** Whether the same would come of it at any later time. */
  isFinal: boolean;
}

const HELD_DOWN: Verdict = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const HELD_UP: Verdict = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const READY: Verdict = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

/** normalizeDesiredReplicas, and normalizeDesiredReplicasWithBehaviors where there is a behavior. */
export function normalize(wanted: number, bounds: Bounds): Normalized {
  const { stabilized, held } = bounds.behavior ? stabilizeBoth(wanted, bounds, bounds.behavior) : stabilizeDown(wanted, bounds);
  const { desired, isRate, ...verdict } = bounds.behavior
    ? limitByPolicies(stabilized, bounds, bounds.behavior)
    : limitByFactor(stabilized, bounds);
  return {
    desired,
    able: stabilized === wanted ? READY : held,
    limited: { ...verdict, status: desired === stabilized ? 'False' : 'True' },
    isFinal: stabilized === wanted && !isRate && isAlone(bounds, wanted),
  };
}

/** Whether no other recommendation counts any more. */
const isAlone = ({ history, behavior, now }: Bounds, wanted: number): boolean => {
  const windows = [windowOf(behavior?.scaleUp, 0), windowOf(behavior?.scaleDown, DOWNSCALE_WINDOW_SECONDS)];
  const since = now - Math.max(...windows) * 1000;
  return history.recommendations.every(({ replicas }, i) => replicas === wanted || lastMade(history, i, now) < since);
};

const windowOf = (rules: Obj | undefined, usual: number): number => rules?.stabilizationWindowSeconds ?? usual;

interface Stabilized {
  stabilized: number;
  held: Verdict;
}

/** The highest recommendation of the last five minutes (stabilizeRecommendation). */
function stabilizeDown(wanted: number, { history, now }: Bounds): Stabilized {
  const cutoff = now - DOWNSCALE_WINDOW_SECONDS * 1000;
  const recent = history.recommendations.filter((_, i) => lastMade(history, i, now) >= cutoff);
  return { stabilized: Math.max(wanted, ...recent.map(({ replicas }) => replicas)), held: HELD_DOWN };
}

/** The current size, brought between the lowest recent recommendation and the highest (stabilizeRecommendationWithBehaviors). */
function stabilizeBoth(wanted: number, { history, now, replicas }: Bounds, { scaleUp, scaleDown }: Obj): Stabilized {
  const since = (rules: Obj | undefined, usual: number) => now - windowOf(rules, usual) * 1000;
  const recent = (after: number) =>
    history.recommendations.filter((_, i) => lastMade(history, i, now) > after).map((one) => one.replicas);
  const lowest = Math.min(wanted, ...recent(since(scaleUp, 0)));
  const highest = Math.max(wanted, ...recent(since(scaleDown, DOWNSCALE_WINDOW_SECONDS)));
  return { stabilized: Math.min(Math.max(replicas, lowest), highest), held: wanted >= replicas ? HELD_UP : HELD_DOWN };
}

interface Limited extends Verdict {
  desired: number;
  /** How fast the size may change was what limited it. */
  isRate: boolean;
}

const WITHIN = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range', isRate: false };
const TOO_FEW = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
  isRate: false,
};
const TOO_MANY = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
  isRate: false,
};
const TOO_FAST_UP = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
  isRate: true,
};
const TOO_FAST_DOWN = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
  isRate: true,
};

/** convertDesiredReplicasWithRules */
function limitByFactor(wanted: number, { replicas, min, max }: Bounds): Limited {
  const limit = Math.max(SCALE_UP_FACTOR * replicas, SCALE_UP_MINIMUM);
  if (wanted < min) return { desired: min, ...TOO_FEW };
  if (wanted > Math.min(max, limit)) return max > limit ? { desired: limit, ...TOO_FAST_UP } : { desired: max, ...TOO_MANY };
  return { desired: wanted, ...WITHIN };
}

/** convertDesiredReplicasWithBehaviorRate */
function limitByPolicies(wanted: number, bounds: Bounds, { scaleUp, scaleDown }: Obj): Limited {
  const { replicas, min, max } = bounds;
  if (wanted > replicas) {
    const limit = Math.max(replicas, policyLimit(scaleUp, 1, bounds));
    const isRate = scaleUp?.selectPolicy !== 'Disabled';
    if (wanted > Math.min(max, limit))
      return max > limit ? { desired: limit, ...TOO_FAST_UP, isRate } : { desired: max, ...TOO_MANY };
  } else if (wanted < replicas) {
    const limit = Math.min(replicas, policyLimit(scaleDown, -1, bounds));
    const isRate = scaleDown?.selectPolicy !== 'Disabled';
    if (wanted < Math.max(min, limit))
      return min < limit ? { desired: limit, ...TOO_FAST_DOWN, isRate } : { desired: min, ...TOO_FEW };
  }
  return { desired: wanted, ...WITHIN };
}

/** The furthest size that the policies of a direction allow now (calculateScaleUpLimitWithScalingRules, ...DownLimitWithBehaviors). */
function policyLimit(rules: Obj | undefined, direction: 1 | -1, { replicas, history, now }: Bounds): number {
  const { selectPolicy = 'Max', policies = [] }: Obj = rules ?? {};
  if (selectPolicy === 'Disabled') return replicas;
  const limits = (policies as Obj[]).map(({ type, value, periodSeconds }) => {
    const since = now - periodSeconds * 1000;
    const before = replicas - changedSince(history.scaleUps, since) + changedSince(history.scaleDowns, since);
    if (type === 'Pods') return before + direction * value;
    // Up is rounded up, or a small size would never grow.
    return direction > 0 ? Math.ceil(before * (1 + value / 100)) : Math.trunc(before * (1 - value / 100));
  });
  if (!limits.length) return replicas;
  const furthest = (selectPolicy === 'Min') !== direction > 0;
  return furthest ? Math.max(...limits) : Math.min(...limits);
}

const changedSince = (events: readonly ScaleEvent[], since: number): number =>
  events.reduce((sum, { change, time }) => (time > since ? sum + change : sum), 0);
