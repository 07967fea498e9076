import { parseTime } from '../../api/machinery/time.ts';
import { backoff, pullPause } from '../../kubelet/backoff.ts';
import { probeState } from '../../kubelet/probes.ts';
import type {
  ContainerObservation,
  ImageState,
  Observation,
  PodOnNode,
  ProbeResult,
  ProcessState,
} from '../../kubelet/runtime.ts';
import { endOf, hasRun, type Member, members, type Statuses, statusesOf } from '../../kubelet/turns.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Script } from './behaviour.ts';
import type { Behaviour } from './fields.ts';
import { jitter } from './jitter.ts';

/** A container of a simulated pod at one time. */
interface Actor extends Member {
  pod: KubeObject;
  behaviour: Behaviour;
  status: Obj | undefined;
  now: number;
  /** When its turn came to be pulled, ms; undefined: it has not. */
  turnAt: number | undefined;
}

/** What a part of an observation is, and when it will be another. */
interface Timed<T> {
  value: T;
  next?: number;
}

export const isInit = ({ role }: Member): boolean => role === 'init' || role === 'sidecar';

/** A delay of a behaviour with its jitter, ms. */
export const delay = (
  pod: KubeObject,
  container: Obj,
  behaviour: Behaviour,
  key: `${string}Seconds` & keyof Behaviour,
): number =>
  behaviour[key] === 0
    ? 0
    : behaviour[key] * 1000 + jitter(pod.metadata.uid ?? '', `${container.name}/${key}`, behaviour.jitterSeconds * 1000);

const delayOf = ({ pod, container, behaviour }: Actor, key: `${string}Seconds` & keyof Behaviour): number =>
  delay(pod, container, behaviour, key);

/** The observation of a pod whose containers go through the steps of a container runtime: a function of statuses, behaviours and time. */
export function observeLifelike({ pod }: PodOnNode, script: Script, now: number): Observation {
  const statuses = statusesOf(pod);
  const containers: Record<string, ContainerObservation> = {};
  let next = Number.POSITIVE_INFINITY;
  let isRunning = false;
  let turnAt = pod.status?.startTime ? parseTime(pod.status.startTime) : undefined;
  for (const member of members(pod)) {
    const { container, role } = member;
    const status = statuses.get(container.name);
    const behaviour = script.of(container, isInit(member));
    const actor: Actor = { ...member, pod, behaviour, status, now, turnAt: role === 'ephemeral' ? 0 : turnAt };
    const image = imageOf(actor);
    const process = processOf(actor);
    const probes = process.value.state === 'running' ? probesOf(actor, process.value.startedAt) : undefined;
    containers[container.name] = { image: image.value, process: process.value, ...(probes && { probes }) };
    next = Math.min(next, image.next ?? next, process.next ?? next);
    isRunning ||= status?.state?.running !== undefined;
    if (isInit(member)) turnAt = turnAfter(actor, statuses);
  }
  const isStopped = pod.metadata.deletionTimestamp !== undefined && !isRunning;
  return { containers, isStopped, ...(Number.isFinite(next) && { next }) };
}

/** When the container after this init container is in turn. */
function turnAfter(actor: Actor, statuses: Statuses): number | undefined {
  const { role, pod, status, turnAt, container } = actor;
  if (turnAt === undefined) return undefined;
  if (role === 'init') {
    const end = endOf(status);
    return end?.exitCode === 0 ? Math.max(turnAt, parseTime(end.finishedAt)) : undefined;
  }
  if ((pod.spec.containers as Obj[]).some((c) => hasRun(statuses.get(c.name)))) return turnAt;
  const running: Obj | undefined = status?.state?.running;
  if (!running || !status?.started) return undefined;
  const startedAt = parseTime(running.startedAt);
  const run = { startedAt, from: startedAt, initially: undefined, final: [true, false] };
  const results = probesOf(actor, startedAt)?.startup;
  const began = results && probeState(container.startupProbe, results, run, actor.now).changedAt;
  return Math.max(turnAt, began ?? startedAt);
}

const pullError = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;

const BACKING_OFF = new Set(['ErrImagePull', 'ImagePullBackOff']);

function imageOf(actor: Actor): Timed<ImageState> {
  const { behaviour, status, turnAt, now, container } = actor;
  const pullMs = delayOf(actor, 'pullSeconds');
  const present: ImageState = { state: 'present', pulledInMs: pullMs };
  if (hasRun(status)) return { value: present };
  if (!status || turnAt === undefined) return { value: { state: 'absent' } };
  if (now < turnAt + pullMs) return { value: { state: 'pulling' }, next: turnAt + pullMs };
  const { failedAt, failures, next } = failedPulls(turnAt + pullMs, pullMs, now);
  if (behaviour.pull === 'fail') {
    const most = behaviour.pullFailures ?? Number.POSITIVE_INFINITY;
    if (failures > most) return { value: present };
    return { value: { state: 'failed', failedAt, failures, error: pullError(container.image) }, next };
  }
  if (!BACKING_OFF.has(status.state?.waiting?.reason)) return { value: present };
  // The behaviour was changed after failures: the pull that is in progress succeeds.
  return now < pullPause(failedAt, failures).shownUntil ? { value: present } : { value: { state: 'pulling' }, next };
}

/**
 * Failed pulls of an image that does not exist, computed from the time of the first one and the kubelet's back-off, so nothing is stored.
 * Returns the time of the last failure, the number of failures, and the time of the next one (ms).
 */
function failedPulls(firstAt: number, pullMs: number, now: number): { failedAt: number; failures: number; next: number } {
  let failedAt = firstAt;
  for (let failures = 1; ; failures++) {
    const next = failedAt + backoff(failures) + pullMs;
    if (now < next) return { failedAt, failures, next };
    failedAt = next;
  }
}

function processOf(actor: Actor): Timed<ProcessState> {
  const { status, behaviour, now } = actor;
  const attempt: number = status?.restartCount ?? 0;
  const running: Obj | undefined = status?.state?.running;
  if (!running) {
    const end = endOf(status);
    if (!end) return { value: { state: 'none' } };
    const [startedAt, finishedAt] = [parseTime(end.startedAt), parseTime(end.finishedAt)];
    return { value: { state: 'exited', attempt, startedAt, finishedAt, exitCode: end.exitCode } };
  }
  const startedAt = parseTime(running.startedAt);
  const exit = exitOf(actor, attempt, startedAt);
  if (exit && exit.finishedAt <= now) return { value: { state: 'exited', attempt, startedAt, ...exit } };
  const readyAt = behaviour.ready ? startedAt + delayOf(actor, 'readySeconds') : Number.POSITIVE_INFINITY;
  const isReady = status?.ready === true || now >= readyAt;
  const next = Math.min(isReady ? Number.POSITIVE_INFINITY : readyAt, exit?.finishedAt ?? Number.POSITIVE_INFINITY);
  return { value: { state: 'running', attempt, startedAt, isReady }, ...(Number.isFinite(next) && { next }) };
}

type Exit = Pick<Extract<ProcessState, { state: 'exited' }>, 'finishedAt' | 'exitCode' | 'reason' | 'failedHook'>;

/** How and when a run of a container ends by itself, if it does. */
function exitOf(actor: Actor, attempt: number, startedAt: number): Exit | undefined {
  const { behaviour, container, role, pod, status } = actor;
  if (behaviour.postStart === 'fail' && container.lifecycle?.postStart)
    return { finishedAt: startedAt, exitCode: 137, failedHook: 'postStart' };
  const finishedAt = startedAt + delayOf(actor, 'exitSeconds');
  const isOwn = behaviour.exitCode !== undefined && attempt < (behaviour.exitRuns ?? Number.POSITIVE_INFINITY);
  if (isOwn) {
    const reason = behaviour.exitReason;
    return { finishedAt, exitCode: behaviour.exitCode ?? 0, ...(reason && { reason }) };
  }
  const isOfJob = role === 'main' && (pod.metadata.ownerReferences ?? []).some((ref) => ref.kind === 'Job');
  const completes = role === 'init' || (isOfJob && status?.ready === true);
  return completes ? { finishedAt, exitCode: 0 } : undefined;
}

/** The results of the probes that the container has. */
function probesOf(actor: Actor, startedAt: number): ContainerObservation['probes'] {
  const { container, behaviour } = actor;
  const out: ContainerObservation['probes'] = {};
  for (const name of ['startup', 'liveness', 'readiness'] as const) {
    if (!container[`${name}Probe`]) continue;
    const said = behaviour.probes[name]?.map(
      ({ after, ...result }): ProbeResult => ({ since: startedAt + after * 1000, ...result }),
    );
    const before: ProbeResult = { since: startedAt, ok: true };
    if (said) out[name] = said[0]?.since === startedAt ? said : [before, ...said];
    else out[name] = name === 'readiness' ? readiness(actor, startedAt) : [before];
  }
  return out;
}

const UNREADY = { ok: false, output: 'HTTP probe failed with statuscode: 503' };

function readiness(actor: Actor, startedAt: number): ProbeResult[] {
  const { behaviour } = actor;
  const wait = delayOf(actor, 'readySeconds');
  if (behaviour.ready && wait === 0) return [{ since: startedAt, ok: true }];
  return [{ since: startedAt, ...UNREADY }, ...(behaviour.ready ? [{ since: startedAt + wait, ok: true }] : [])];
}
