/** The columns of `kubectl get pods` (printers/internalversion printPod). */
import type { KubeObject, Obj } from '../../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textOr } from '../../machinery/columns.ts';
import { humanDuration, parseTime } from '../../machinery/time.ts';
import { isRestartable } from './resources.ts';
import { podCondition } from './conditions.ts';

interface Summary {
  ready: number;
  total: number;
  reason: string;
  restarts: number;
  /** Time of the last restart, ms. */
  restartedAt: number | undefined;
}

const later = (at: number | undefined, status: Obj): number | undefined => {
  const finished = status.lastState?.terminated?.finishedAt;
  const ms = finished ? parseTime(finished) : Number.NaN;
  if (Number.isNaN(ms)) return at;
  return at === undefined || ms > at ? ms : at;
};

const isTrue = (pod: KubeObject, type: string): boolean => podCondition(pod, type)?.status === 'True';

/** One word for the state of a pod, as kubectl shows it. */
const podReason = (pod: KubeObject): string => summary(pod).reason;

function summary(pod: KubeObject): Summary {
  const status: Obj = pod.status ?? {};
  const init: Obj[] = pod.spec?.initContainers ?? [];
  const sidecars = new Set(init.filter(isRestartable).map((c) => c.name));
  const all: Summary = {
    ready: 0,
    total: (pod.spec?.containers ?? []).length + sidecars.size,
    reason: startReason(status),
    restarts: 0,
    restartedAt: undefined,
  };
  const ofSidecars = { restarts: 0, restartedAt: undefined as number | undefined };
  const initializing = initContainers(status, sidecars, init.length, all, ofSidecars);
  if (!initializing || isTrue(pod, 'Initialized')) {
    all.restarts = ofSidecars.restarts;
    all.restartedAt = ofSidecars.restartedAt;
    containers(pod, status, all);
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') all.reason = 'Unknown';
    else if (status.phase !== 'Failed' && status.phase !== 'Succeeded') all.reason = 'Terminating';
  }
  return all;
}

function startReason(status: Obj): string {
  const gated = (status.conditions ?? []).some((c: Obj) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  return gated ? 'SchedulingGated' : status.reason || status.phase || '';
}

/** Counts init containers up to the first that is not done; says whether there is one. */
function initContainers(
  status: Obj,
  sidecars: Set<string>,
  total: number,
  all: Summary,
  ofSidecars: Pick<Summary, 'restarts' | 'restartedAt'>,
): boolean {
  const statuses: Obj[] = status.initContainerStatuses ?? [];
  for (let i = 0; i < statuses.length; i++) {
    const container = statuses[i];
    const isSidecar = sidecars.has(container.name);
    all.restarts += container.restartCount ?? 0;
    all.restartedAt = later(all.restartedAt, container);
    if (isSidecar) {
      ofSidecars.restarts += container.restartCount ?? 0;
      ofSidecars.restartedAt = later(ofSidecars.restartedAt, container);
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated && (terminated.exitCode ?? 0) === 0) continue;
    if (isSidecar && container.started) {
      if (container.ready) all.ready++;
      continue;
    }
    if (terminated) all.reason = `Init:${exitReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') all.reason = `Init:${waiting.reason}`;
    else all.reason = `Init:${i}/${total}`;
    return true;
  }
  return false;
}

const exitReason = (terminated: Obj): string => {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
};

function containers(pod: KubeObject, status: Obj, all: Summary): void {
  const statuses: Obj[] = status.containerStatuses ?? [];
  let running = false;
  let failure = '';
  for (let i = statuses.length - 1; i >= 0; i--) {
    const container = statuses[i];
    all.restarts += container.restartCount ?? 0;
    all.restartedAt = later(all.restartedAt, container);
    const state = container.state ?? {};
    if (state.waiting?.reason) all.reason = state.waiting.reason;
    else if (state.terminated) {
      all.reason = exitReason(state.terminated);
      if (state.terminated.exitCode) failure = all.reason;
    } else if (container.ready && state.running) {
      running = true;
      all.ready++;
    }
  }
  if (all.reason !== 'Completed') return;
  if (running && isTrue(pod, 'Ready')) all.reason = 'Running';
  else if (failure) all.reason = failure;
  else if (running) all.reason = 'NotReady';
}

function restarts(pod: KubeObject, now: number): string {
  const { restarts: count, restartedAt } = summary(pod);
  return count && restartedAt !== undefined ? `${count} (${humanDuration(now - restartedAt)} ago)` : String(count);
}

function gates(pod: KubeObject): string {
  const list: Obj[] = pod.spec?.readinessGates ?? [];
  if (!list.length) return '<none>';
  const conditions: Obj[] = pod.status?.conditions ?? [];
  const met = list.filter((gate) => conditions.find((c) => c.type === gate.conditionType)?.status === 'True');
  return `${met.length}/${list.length}`;
}

function ready(pod: KubeObject): string {
  const { ready: count, total } = summary(pod);
  return `${count}/${total}`;
}

export const podColumns = columnsOf(
  'pods',
  nameCell,
  ready,
  podReason,
  restarts,
  ageCell,
  (pod) => pod.status?.podIPs?.[0]?.ip || '<none>',
  textOr('<none>', 'spec', 'nodeName'),
  textOr('<none>', 'status', 'nominatedNodeName'),
  gates,
);

const SUCCEEDED = { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' };
const FAILED = { type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' };

/** Conditions of a pod's row in a Table. */
export function podRowConditions(pod: KubeObject): Obj[] {
  if (pod.status?.phase === 'Succeeded') return [SUCCEEDED];
  return pod.status?.phase === 'Failed' ? [FAILED] : [];
}
