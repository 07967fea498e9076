import { parseTime, rfc3339, secondsInMs } from '../api/machinery/time.ts';
import { type Obj, equal } from '../lib/json.ts';
import { fieldPath, type Said } from './events.ts';
import { MINIMUM_GRACE_SECONDS, UNHEALTHY_TOLD_MS } from './limits.ts';
import { type Probed, probed } from './probes.ts';
import { restartsAfterProbe } from './restart-policy.ts';
import { LOST, type ProcessState, type RuntimeAction } from './runtime.ts';
import { compact, resourcesOf } from './status.ts';
import type { ContainerInput, ContainerSync } from './sync.ts';

type Running = Extract<ProcessState, { state: 'running' }>;
type Exited = Extract<ProcessState, { state: 'exited' }>;

const NOTHING: ContainerSync = {};

/** A container that is shown running: its readiness, what its probes say, and its end. */
export function syncRunning(input: ContainerInput, old: Obj): ContainerSync {
  const { process } = input.observed;
  if (process.state === 'running') return syncProbes(input, old, process);
  if (process.state === 'exited') return ended(input, old, process);
  return process.state === 'none' ? lost(input, old) : NOTHING;
}

/** A process that its runtime no longer knows (kuberuntime, convertStatusToAPIStatus). */
export const lost = (input: Pick<ContainerInput, 'now' | 'role'>, old: Obj): ContainerSync =>
  ended(input, old, {
    state: 'exited',
    attempt: old.restartCount,
    startedAt: parseTime(old.state.running.startedAt),
    finishedAt: input.now,
    ...LOST,
  });

const HOOKS: Record<NonNullable<Exited['failedHook']>, readonly Said[]> = {
  postStart: ['postStart', ['Killing', 'FailedPostStartHook']],
  preStop: ['preStop'],
};

/** A container whose process has ended. */
export function ended({ role }: Pick<ContainerInput, 'role'>, old: Obj, process: Exited): ContainerSync {
  const { exitCode, reason, message, finishedAt, failedHook } = process;
  const terminated = compact({
    exitCode,
    reason: reason ?? (exitCode === 0 ? 'Completed' : 'Error'),
    message,
    startedAt: old.state.running.startedAt,
    finishedAt: rfc3339(finishedAt),
  });
  const isDone = role === 'init' && exitCode === 0;
  return {
    status: { ...old, state: { terminated }, ready: isDone, ...(role !== 'ephemeral' && { started: false }) },
    ...(failedHook && { says: HOOKS[failedHook] }),
  };
}

function syncProbes(input: ContainerInput, old: Obj, process: Running): ContainerSync {
  const { container, observed, role, now } = input;
  if (role === 'ephemeral') return NOTHING;
  const shown = { started: old.started === true, ready: old.ready === true };
  const state = probed(container, observed, process, shown, now);
  const says = unhealthy(input, state, shown.ready);
  const isReady = role !== 'init' && state.ready;
  const resources = resourcesOf(container);
  const isResized = !equal(old.resources ?? {}, resources.resources ?? {});
  const isChanged = isReady !== shown.ready || state.started !== shown.started || isResized;
  const kill = state.failed && killOf(input, process, state.failed);
  return {
    ...(isChanged && {
      status: compact({ ...old, ready: isReady, started: state.started, allocatedResources: undefined, ...resources }),
    }),
    ...kill,
    says: [...says, ...(kill?.says ?? [])],
    ...(state.next !== undefined && { next: state.next }),
  };
}

const PROBES = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

/** One event when failures begin, and one when they make the container unready; none for those of long ago. */
function unhealthy({ container, pod, said, now }: ContainerInput, state: Probed, wasReady: boolean): Said[] {
  return state.failing.flatMap(({ probe, since, output }): Said[] => {
    const prefix = `${PROBES[probe]} probe failed: `;
    const isLost = probe === 'readiness' && wasReady && !state.ready;
    const isNew = since > now - UNHEALTHY_TOLD_MS && said('Unhealthy', fieldPath(container, pod), prefix) < inSeconds(since);
    return isLost || isNew ? [['Unhealthy', prefix + output]] : [];
  });
}

/** Events have times of whole seconds. */
export const inSeconds = (ms: number): number => ms - (ms % 1000);

/** A container that a probe ends (computePodActions; the grace period is its probe's, else its pod's). */
function killOf(
  { container, pod, role, said }: ContainerInput,
  { attempt }: Running,
  { probe, at }: NonNullable<Probed['failed']>,
): { action: RuntimeAction; says: Said[] } {
  const grace: number =
    container[`${probe}Probe`].terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? MINIMUM_GRACE_SECONDS;
  const killAt = at + secondsInMs(Math.max(grace, MINIMUM_GRACE_SECONDS));
  const message =
    role === 'main'
      ? `Container ${container.name} failed ${probe} probe${restartsAfterProbe(container, pod) ? ', will be restarted' : ''}`
      : `Init container ${container.name} failed ${probe} probe`;
  const isSaid = said('Killing', fieldPath(container, pod), message) >= inSeconds(at);
  return {
    action: { do: 'kill', container: container.name, attempt, since: at, killAt },
    says: isSaid ? [] : [['Killing', message]],
  };
}
