import { updatePodCondition } from '../api/core/pod/conditions.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Action } from '../reconcile/plan.ts';
import type { Reader } from '../registry/view.ts';
import { fitMessage, NO_NODES, eventNote } from './message.ts';
import type { PodInfo } from './pod-info.ts';
import { preempt } from './preemption.ts';
import type { Verdict } from './schedule.ts';
import type { Snapshot } from './snapshot.ts';

/** Actions of the scheduler's plans: bindings, conditions, victims' deletions, and the events about them. */

const NAME = 'default-scheduler';
/** The message of the dynamic resources plugin, which runs first after a failure. */
const NO_CLAIMS = 'no new claims to deallocate';

/**
 * Its message when an earlier plugin refused all nodes at once: it has no state, and no victims are searched.
 */
const NO_STATE = 'not found';

const event = (pod: KubeObject, type: 'Normal' | 'Warning', reason: string, action: string, message: string): Action => ({
  verb: 'event',
  regarding: pod,
  type,
  reason,
  message,
  component: NAME,
  action,
});

/** The subresource by which a pod gets its node. */
export const BINDING = 'binding';

const bindingOf = (metadata: Obj, node: string): Obj => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata,
  target: { kind: 'Node', name: node },
});

/** Binds a pod to a node and records the Event. */
export function bind({ pod }: PodInfo, node: string): Action[] {
  const { namespace = '', name, uid } = pod.metadata;
  return [
    { verb: 'create', resource: 'pods', subresource: BINDING, object: bindingOf({ namespace, name, uid }, node) },
    event(pod, 'Normal', 'Scheduled', 'Binding', `Successfully assigned ${namespace}/${name} to ${node}`),
  ];
}

/** Says on which node a pod will run that waits for what goes before its binding (NominatedNodeNameForExpectation). */
export function nominate({ pod }: PodInfo, node: string): Action[] {
  if (pod.status?.nominatedNodeName === node) return [];
  return [statusUpdate(pod, { ...pod.status, nominatedNodeName: node })];
}

export interface Failure {
  actions: Action[];
  message: string;
  plugins: Set<string>;
}

/**
 * Reports that no node fits the pod in its condition and an Event, and preempts pods of lower priority
 * (handleSchedulingFailure).
 */
export function fail(info: PodInfo, verdict: Verdict, snapshot: Snapshot, view: Reader, now: number): Failure {
  const total = snapshot.nodes.length;
  if (!total) return { ...reportFailure(info, NO_NODES, 'Unschedulable', '', now), plugins: new Set(['*']) };
  const plugins = new Set<string>();
  for (const { plugin } of verdict.rejected.values()) plugins.add(plugin ?? '*');
  if (verdict.everywhere)
    return { ...reportFailure(info, fitMessage(total, verdict, NO_STATE), 'Unschedulable', undefined, now), plugins };
  const found = preempt(info, verdict, snapshot, view, now);
  if (found.node !== undefined) {
    const report = reportFailure(info, fitMessage(total, verdict, ''), 'Unschedulable', found.node, now);
    return {
      ...report,
      actions: [...evictAll(found.node, found.victims, info, snapshot, now), ...report.actions],
      plugins,
    };
  }
  const message = fitMessage(total, verdict, `${NO_CLAIMS}, preemption: ${found.message}`);
  return { ...reportFailure(info, message, 'Unschedulable', found.clears ? '' : undefined, now), plugins };
}

/** The failure of a bind that the API server refused. */
export const refusal = (info: PodInfo, message: string, now: number): Action[] =>
  reportFailure(info, message, 'SchedulerError', '', now).actions;

/** Condition, nominated node and event, unless all of it was reported before. `nominated` undefined leaves the node as it is. */
function reportFailure(
  info: PodInfo,
  message: string,
  reason: string,
  nominated: string | undefined,
  now: number,
): { actions: Action[]; message: string } {
  const { pod } = info;
  const old: Obj = pod.status ?? {};
  const { generation: observedGeneration } = pod.metadata;
  const conditions = updatePodCondition(
    old.conditions,
    { type: 'PodScheduled', status: 'False', observedGeneration, reason, message },
    now,
  );
  const node = nominated === undefined ? old.nominatedNodeName : nominated || undefined;
  if (conditions === old.conditions && node === old.nominatedNodeName) return { actions: [], message };
  const { observedGeneration: observed, phase, conditions: _conditions, nominatedNodeName: _node, ...rest } = old;
  const status: Obj = {
    ...(observed !== undefined && { observedGeneration: observed }),
    phase,
    conditions,
    ...(node && { nominatedNodeName: node }),
    ...rest,
  };
  return {
    actions: [event(pod, 'Warning', 'FailedScheduling', 'Scheduling', eventNote(message)), statusUpdate(pod, status)],
    message,
  };
}

const statusUpdate = (pod: KubeObject, status: Obj): Action => ({
  verb: 'update',
  resource: 'pods',
  subresource: 'status',
  object: { ...pod, metadata: { ...pod.metadata }, status },
});

/**
 * Evicts the victims of a node that are not terminating yet, if any. Less important pods that the node was promised to lose the nomination: they
 * may fit elsewhere sooner (preemption/executor.go prepareCandidateAsync).
 */
function evictAll(node: string, victims: PodInfo[], winner: PodInfo, snapshot: Snapshot, now: number): Action[] {
  const staying = victims.filter(({ terminating }) => !terminating);
  if (!staying.length) return [];
  const displaced = snapshot.nominated(node).filter((other) => other.priority < winner.priority);
  return [...displaced.map(withdraw), ...staying.flatMap((victim) => evict(victim, winner, node, now))];
}

function withdraw({ pod }: PodInfo): Action {
  const { nominatedNodeName: _, ...status } = pod.status as Obj;
  return statusUpdate(pod, status);
}

/** Marks and deletes a victim, and records its Event. */
function evict({ pod }: PodInfo, winner: PodInfo, node: string, now: number): Action[] {
  const facts = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${NAME}: preempting to accommodate a higher priority pod`,
  };
  const generation = pod.status?.observedGeneration !== undefined ? { observedGeneration: pod.metadata.generation } : {};
  const conditions = updatePodCondition(pod.status?.conditions, { ...generation, ...facts }, now);
  const { namespace = '', name, uid } = pod.metadata;
  return [
    statusUpdate(pod, { ...pod.status, conditions }),
    { verb: 'delete', resource: 'pods', namespace, name, uid },
    event(pod, 'Normal', 'Preempted', 'Preempting', `Preempted by pod ${winner.uid} on node ${node}`),
  ];
}
