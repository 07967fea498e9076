import { rfc3339 } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { availableAt } from '../shared/pods.ts';

/** The pods of one set, as its status counts them. */
export interface Claimed {
  active: KubeObject[];
  terminating: KubeObject[];
}

export const FAILURE = 'ReplicaFailure';

/** calculateStatus (replica_set_utils.go). `error` is the message of a failure in managing replicas. */
export function statusOf(set: KubeObject, pods: Claimed, now: number, o: { countTerminating: boolean; error?: string }): Obj {
  const { minReadySeconds = 0, template, replicas: wanted = 1 } = set.spec ?? {};
  const labels = Object.entries(template?.metadata?.labels ?? {});
  let [labeled, ready, available] = [0, 0, 0];
  for (const pod of pods.active) {
    if (labels.every(([key, value]) => pod.metadata.labels?.[key] === value)) labeled++;
    if (!isPodReady(pod)) continue;
    ready++;
    const at = availableAt(pod, minReadySeconds);
    if (at !== undefined && at <= now) available++;
  }
  const conditions = failureConditions(set.status?.conditions ?? [], pods.active.length - wanted, now, o.error);
  const status: Obj = { replicas: pods.active.length };
  if (labeled) status.fullyLabeledReplicas = labeled;
  if (ready) status.readyReplicas = ready;
  if (available) status.availableReplicas = available;
  if (o.countTerminating) status.terminatingReplicas = pods.terminating.length;
  if (set.metadata.generation) status.observedGeneration = set.metadata.generation;
  if (conditions.length) status.conditions = conditions;
  return status;
}

function failureConditions(old: Obj[], diff: number, now: number, error: string | undefined): Obj[] {
  const failing = old.some((c) => c.type === FAILURE);
  if (error === undefined) return failing ? old.filter((c) => c.type !== FAILURE) : old;
  if (failing) return old;
  const reason = diff < 0 ? 'FailedCreate' : diff > 0 ? 'FailedDelete' : undefined;
  const at = rfc3339(now);
  return [...old, { type: FAILURE, status: 'True', lastTransitionTime: at, ...(reason && { reason }), message: error }];
}

export function sameStatus(set: KubeObject, status: Obj): boolean {
  return equal(set.status ?? {}, status);
}
