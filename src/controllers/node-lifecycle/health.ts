import { isVirtual } from '../../api/core/virtual-node.ts';
import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { findCondition } from '../shared/conditions.ts';

/**
 * Time without a heartbeat after which a kubelet is lost (--node-monitor-grace-period), and before its first one
 * (--node-startup-grace-period).
 */
const MONITOR_GRACE_MS = 50_000;
const STARTUP_GRACE_MS = 60_000;
const TYPES = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/**
 * The time at which a node counts as lost, ms; undefined: never. Only nodes that renew a lease can be lost: a virtual node is
 * always alive, and one with a Ready condition and no lease is a fixture and stays as it is.
 */
export function deadline(node: KubeObject, lease: KubeObject | undefined): number | undefined {
  if (isVirtual(node)) return undefined;
  const ready = findCondition(node.status?.conditions, 'Ready');
  const renewed = lease?.spec?.renewTime ? parseTime(lease.spec.renewTime) : Number.NaN;
  if (!ready) return Math.max(parseTime(node.metadata.creationTimestamp), Number.isNaN(renewed) ? 0 : renewed) + STARTUP_GRACE_MS;
  if (Number.isNaN(renewed)) return undefined;
  const heartbeat = ready.lastHeartbeatTime ? parseTime(ready.lastHeartbeatTime) : 0;
  return Math.max(renewed, heartbeat) + MONITOR_GRACE_MS;
}

/** The status of a lost node (tryUpdateNodeHealth), or undefined when it has it already. */
export function lostStatus(node: KubeObject, now: number): Obj | undefined {
  const conditions: Obj[] = [...(node.status?.conditions ?? [])];
  let changed = false;
  for (const type of TYPES) {
    const i = conditions.findIndex((c) => c.type === type);
    if (i >= 0 && conditions[i].status === 'Unknown') continue;
    changed = true;
    if (i >= 0)
      conditions[i] = { ...conditions[i], ...unknown('NodeStatusUnknown', 'Kubelet stopped posting node status.', now) };
    else {
      const never = unknown('NodeStatusNeverUpdated', 'Kubelet never posted node status.', now);
      conditions.push({ type, status: never.status, lastHeartbeatTime: node.metadata.creationTimestamp, ...never });
    }
  }
  return changed ? { ...node.status, conditions } : undefined;
}

const unknown = (reason: string, message: string, now: number): Obj => ({
  status: 'Unknown',
  lastTransitionTime: rfc3339(now),
  reason,
  message,
});
