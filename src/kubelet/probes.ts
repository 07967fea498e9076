import { secondsInMs } from '../api/machinery/time.ts';
import type { Obj } from '../lib/json.ts';
import type { ContainerObservation, ProbeName, ProbeResult } from './runtime.ts';

/** What is known of one probe of a running container. */
export interface ProbeState {
  /** Undefined: no threshold has been reached yet. */
  result?: boolean;
  /** When `result` became so, ms. */
  changedAt?: number;
  /** The failures in a row that go on now: the time of the first, and what the runs say. */
  failing?: Failing;
  /** When a threshold will be reached, or failures begin, if the results stay as reported, ms. */
  next?: number;
}

interface Failing {
  since: number;
  output: string;
}

interface ProbeRun {
  startedAt: number;
  /** Runs do not begin before. */
  from: number;
  /** The result before any of the reported runs. */
  initially: boolean | undefined;
  /** The results after which the probe does not run again (onHold in prober/worker.go). */
  final: readonly boolean[];
}

/** A change of a probe's state: failures begin or end, or a threshold is reached. */
interface Moment {
  at: number;
  failing?: Failing | 'over';
  result?: boolean;
}

/**
 * The state of a probe at a time, from the results that a runtime reports (prober/worker.go doProbe). Runs are at the initial delay and at every
 * period after it; none of them is a timer: when a threshold is reached follows from the number of runs between two changes of the result.
 */
export function probeState(spec: Obj, results: readonly ProbeResult[], run: ProbeRun, now: number): ProbeState {
  const state: ProbeState = run.initially === undefined ? {} : { result: run.initially };
  for (const { at, failing, result } of moments(spec, results, run)) {
    if (at > now) return { ...state, next: at };
    if (failing === 'over') delete state.failing;
    else if (failing) state.failing = failing;
    if (result !== undefined) Object.assign(state, { result, changedAt: at });
  }
  return state;
}

function moments(spec: Obj, results: readonly ProbeResult[], { startedAt, from, initially, final }: ProbeRun): Moment[] {
  const period = secondsInMs(spec.periodSeconds || 10);
  const first = Math.max(startedAt + secondsInMs(spec.initialDelaySeconds ?? 0), from);
  const indexOf = (time: number) => Math.max(Math.ceil((time - first) / period), 0);
  const out: Moment[] = [];
  let result = initially;
  let row = { ok: true, length: 0 };
  for (const [i, { since, ok, output = '' }] of results.entries()) {
    const begin = indexOf(since);
    const end = indexOf(results[i + 1]?.since ?? Number.POSITIVE_INFINITY);
    if (end <= begin) continue;
    const at = first + begin * period;
    const before = row.ok === ok ? row.length : 0;
    if (!ok && before === 0) out.push({ at, failing: { since: at, output } });
    if (ok && !row.ok) out.push({ at, failing: 'over' });
    row = { ok, length: before + end - begin };
    const missing = Math.max((ok ? spec.successThreshold || 1 : spec.failureThreshold || 3) - before, 1);
    if (result === ok || begin + missing > end) continue;
    result = ok;
    out.push({ at: first + (begin + missing - 1) * period, result });
    if (final.includes(ok)) break;
  }
  return out;
}

/** What the probes of a running container come to (prober manager UpdatePodStatus). */
export interface Probed {
  started: boolean;
  ready: boolean;
  /** The probe whose failure ends the container, and when it did. */
  failed?: { probe: 'startup' | 'liveness'; at: number; output: string };
  failing: (Failing & { probe: ProbeName })[];
  next?: number;
}

/** `shown`: what the pod's status says of this run of the container. Probes of which the runtime reports nothing count as succeeded. */
export function probed(
  container: Obj,
  { probes = {} }: ContainerObservation,
  process: { startedAt: number; isReady: boolean },
  shown: { started: boolean; ready: boolean },
  now: number,
): Probed {
  const { startedAt } = process;
  const states: [ProbeName, ProbeState][] = [];
  const look = (name: ProbeName, run: Pick<ProbeRun, 'from' | 'initially' | 'final'>): ProbeState | undefined => {
    const spec: Obj | undefined = container[`${name}Probe`];
    const results = probes[name];
    if (!spec || !results) return undefined;
    const state = probeState(spec, results, { startedAt, ...run }, now);
    states.push([name, state]);
    return state;
  };
  const startup = look('startup', { from: startedAt, initially: undefined, final: [true, false] });
  const started = shown.started || !startup || startup.result === true;
  const from = startup?.changedAt ?? startedAt;
  const liveness = started ? look('liveness', { from, initially: true, final: [false] }) : undefined;
  const readiness = started ? look('readiness', { from, initially: shown.ready, final: [] }) : undefined;
  const failedOf = (probe: 'startup' | 'liveness', state: ProbeState | undefined) =>
    state?.result === false && { failed: { probe, at: state.changedAt ?? now, output: state.failing?.output ?? '' } };
  const times = states.map(([, state]) => state.next ?? Number.POSITIVE_INFINITY);
  const next = Math.min(...times);
  return {
    started,
    ready: started && (readiness ? readiness.result === true : process.isReady),
    failing: states.flatMap(([probe, state]) => (state.failing ? [{ probe, ...state.failing }] : [])),
    ...(Number.isFinite(next) && { next }),
    ...((!started && failedOf('startup', startup)) || failedOf('liveness', liveness)),
  };
}
