import { rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { findCondition } from '../shared/conditions.ts';
import { sameTaint } from '../shared/taints.ts';

const PREFIX = 'node.kubernetes.io/';
const NOT_READY = `${PREFIX}not-ready`;
const UNREACHABLE = `${PREFIX}unreachable`;
const UNSCHEDULABLE = `${PREFIX}unschedulable`;

/** type and status of a condition -> taint (nodeConditionToTaintKeyStatusMap). */
const BY_CONDITION: Record<string, Record<string, string>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: `${PREFIX}memory-pressure` },
  DiskPressure: { True: `${PREFIX}disk-pressure` },
  NetworkUnavailable: { True: `${PREFIX}network-unavailable` },
  PIDPressure: { True: `${PREFIX}pid-pressure` },
};
const MANAGED = new Set([UNSCHEDULABLE, ...Object.values(BY_CONDITION).flatMap((taints) => Object.values(taints))]);

/**
 * The taints that a node should have: those of others are kept, ours follow its conditions and spec.unschedulable. The same list if none
 * changes.
 */
export function wantedTaints(node: KubeObject, now: number): Obj[] {
  const had: Obj[] = node.spec?.taints ?? [];
  const wanted = [...scheduling(node), ...execution(node)];
  const kept = had.filter((taint) => !isManaged(taint) || wanted.some((w) => sameTaint(w, taint)));
  const added = wanted.filter((w) => !had.some((taint) => sameTaint(w, taint)));
  if (!added.length && kept.length === had.length) return had;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: rfc3339(now) }))];
}

function isManaged({ key, effect }: Obj): boolean {
  if (effect === 'NoExecute') return key === NOT_READY || key === UNREACHABLE;
  return effect === 'NoSchedule' && MANAGED.has(key);
}

function scheduling(node: KubeObject): Obj[] {
  const taints: Obj[] = [];
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = BY_CONDITION[type]?.[status];
    if (key) taints.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec?.unschedulable) taints.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  return taints;
}

/**
 * NoExecute taints of a node. Not ready and unreachable exclude each other, as the condition's values do. A node without the
 * condition keeps what it has.
 */
function execution(node: KubeObject): Obj[] {
  const ready = findCondition(node.status?.conditions, 'Ready');
  if (!ready) return (node.spec?.taints ?? []).filter((taint: Obj) => taint.effect === 'NoExecute' && isManaged(taint));
  const key = BY_CONDITION.Ready[ready.status];
  return key ? [{ key, effect: 'NoExecute' }] : [];
}

/** Whether a node still has the taint that admission gives a new one until it is ready: it carries no time. */
export function isNewcomer(node: KubeObject): boolean {
  return (node.spec?.taints ?? []).some((t: Obj) => t.key === NOT_READY && t.effect === 'NoSchedule' && !t.timeAdded);
}
