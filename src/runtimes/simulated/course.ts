import { parseQuantity } from '../../api/machinery/quantity.ts';
import type { Obj } from '../../lib/json.ts';
import { SIMULATED_DELAY_MAX_SECONDS, SIMULATED_STEPS_MAX } from '../limits.ts';
import { jitter } from './jitter.ts';

/** An amount: a fixed one, or a share of what the container requests. */
type Level = { amount: number } | { share: number };

interface Step {
  /** Infinity: for ever. */
  ms: number;
  low: Level;
  high: Level;
}

/** How a container's use of a resource goes over its life (SPEC SIM21). */
export interface Course {
  steps: readonly Step[];
  repeats: boolean;
}

const RANDOM_PARTS = 1_000_000;

/** The course that a value of the annotation describes, in units of 10^-digits; undefined: it is none. */
export function parseCourse(value: unknown, digits: number): Course | undefined {
  const { steps: listed, repeat }: Obj = isObject(value) ? value : { steps: value };
  const isList = Array.isArray(listed) && listed.some(isObject);
  const steps: Step[] = [];
  for (const one of isList ? listed.slice(0, SIMULATED_STEPS_MAX) : [{ use: listed }]) {
    const step = stepOf(one, digits);
    if (!step) return undefined;
    steps.push(step);
  }
  return steps.length ? { steps, repeats: repeat === true } : undefined;
}

const isObject = (value: unknown): value is Obj => value !== null && typeof value === 'object' && !Array.isArray(value);

function stepOf(value: unknown, digits: number): Step | undefined {
  if (!isObject(value)) return undefined;
  const { use, seconds } = value;
  const [low, high] = (Array.isArray(use) ? [use[0], use[1]] : [use, use]).map((one) => levelOf(one, digits));
  const isTimed = typeof seconds === 'number' && seconds > 0;
  const ms = isTimed ? Math.min(seconds, SIMULATED_DELAY_MAX_SECONDS) * 1000 : Number.POSITIVE_INFINITY;
  return low && high ? { ms, low, high } : undefined;
}

function levelOf(value: unknown, digits: number): Level | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(value));
  if (percent) return { share: Number(percent[1]) / 100 };
  const quantity = parseQuantity(value);
  if (!quantity || quantity.value < 0n) return undefined;
  return { amount: Number(quantity.value) * 10 ** (quantity.scale + digits) };
}

/**
 * The use at `at`, ms, of what began at `startedAt`, and until when it stays so. A range is drawn anew for each time that is asked about, from `seed`
 * and that time.
 */
export function useAt(
  { steps, repeats }: Course,
  { startedAt, at, requested, seed }: { startedAt: number; at: number; requested: number; seed: string },
): { use: number; until: number } {
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  const life = Math.max(0, at - startedAt);
  let rest = repeats && Number.isFinite(total) ? life % total : life;
  const step = steps.find(({ ms }) => {
    if (rest < ms) return true;
    rest -= ms;
    return false;
  });
  const { low, high } = step ?? steps[steps.length - 1];
  const [from, to] = [low, high].map((level) => ('share' in level ? level.share * requested : level.amount));
  const use = from === to ? from : from + ((to - from) * jitter(seed, String(at), RANDOM_PARTS)) / RANDOM_PARTS;
  if (from !== to) return { use, until: at + 1 };
  return { use, until: step ? at + step.ms - rest : Number.POSITIVE_INFINITY };
}
