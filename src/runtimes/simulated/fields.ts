import type { ProbeName } from '../../kubelet/runtime.ts';
import { SIMULATED_DELAY_MAX_SECONDS } from '../limits.ts';

/** A result that a probe gives from so many seconds after the start of the container on. */
export interface TimedResult {
  after: number;
  ok: boolean;
  output?: string;
}

/** Behaviour of a simulated container. */
export interface Behaviour {
  /** fast: KWOK's default stages. lifelike: the steps and Events of a kubelet with a container runtime. Of the whole pod. */
  stages: 'fast' | 'lifelike';
  pull: 'ok' | 'fail';
  /** With pull "fail": how many pulls fail before one succeeds; absent: all. */
  pullFailures?: number;
  pullSeconds: number;
  /** false: never becomes ready. */
  ready: boolean;
  readySeconds: number;
  /** Exit code of the container after exitSeconds; absent: it keeps running. */
  exitCode?: number;
  exitSeconds: number;
  /** Reason of its end, as OOMKilled; absent: Completed or Error. */
  exitReason?: string;
  /** How many runs end so before one stays; absent: all. */
  exitRuns?: number;
  terminationSeconds: number;
  /** Results of the lifecycle hooks that the container has. */
  postStart: 'ok' | 'fail';
  preStop: 'ok' | 'fail';
  /** Results of the probes that the container has; absent: they succeed, readiness as `ready` and `readySeconds` say. */
  probes: Partial<Record<ProbeName, TimedResult[]>>;
  jitterSeconds: number;
}

/** A field as it is understood; undefined: it is not. */
type Field<T> = (value: unknown) => T | undefined;

const seconds: Field<number> = (value) =>
  typeof value === 'number' && value >= 0 ? Math.min(value, SIMULATED_DELAY_MAX_SECONDS) : undefined;
const integer =
  (max: number): Field<number> =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max ? (value as number) : undefined;
const word =
  <T extends string>(...words: T[]): Field<T> =>
  (value) =>
    words.find((known) => known === value);
const bool: Field<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);
const text: Field<string> = (value) => (typeof value === 'string' ? value.slice(0, 1024) : undefined);

const results: Field<TimedResult[]> = (value) => {
  if (!Array.isArray(value)) return undefined;
  const out: TimedResult[] = [];
  for (const entry of value) {
    const after = seconds(entry?.after ?? 0);
    const ok = bool(entry?.ok);
    const output = text(entry?.output ?? '');
    if (after === undefined || ok === undefined || output === undefined) return undefined;
    out.push({ after, ok, output });
  }
  return out.sort((a, b) => a.after - b.after);
};

const probes: Field<Behaviour['probes']> = (value) => {
  if (value === null || typeof value !== 'object') return undefined;
  const out: Behaviour['probes'] = {};
  for (const [name, list] of Object.entries(value)) {
    const known = word('startup', 'liveness', 'readiness')(name);
    const found = results(list);
    if (!known || !found) return undefined;
    out[known] = found;
  }
  return out;
};

/** Every field of a behaviour, and what it takes. */
export const FIELDS: { readonly [K in keyof Behaviour]-?: Field<Behaviour[K]> } = {
  stages: word('fast', 'lifelike'),
  pull: word('ok', 'fail'),
  pullFailures: integer(1000),
  pullSeconds: seconds,
  ready: bool,
  readySeconds: seconds,
  exitCode: integer(255),
  exitSeconds: seconds,
  exitReason: text,
  exitRuns: integer(1_000_000),
  terminationSeconds: seconds,
  postStart: word('ok', 'fail'),
  preStop: word('ok', 'fail'),
  probes,
  jitterSeconds: seconds,
};

export type Known = keyof typeof FIELDS;
export const ownKeys: ReadonlySet<string> = new Set(Object.keys(FIELDS));
