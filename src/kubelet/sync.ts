import type { KubeObject, Obj } from '../lib/json.ts';
import type { EventAction } from '../reconcile/plan.ts';
import type { Said } from './events.ts';
import type { Role } from './restart-policy.ts';
import type { ContainerObservation, RuntimeAction } from './runtime.ts';
import type { Place } from './status.ts';

/** Result for a pod at one time. */
export interface PodSync {
  /** Actions for the runtime. After them the pod is synced again, with a new observation. */
  actions: RuntimeAction[];
  /** Its new status; undefined: it stays as it is. */
  status: ((at: Place) => Obj) | undefined;
  events: EventAction[];
  /** All containers have stopped: the pod may be finally deleted. */
  isGone: boolean;
  /** When to look again though nothing is signalled, ms. */
  next?: number;
}

/** A sync that changes nothing. */
export const nothing = (next: number | undefined): PodSync => ({
  actions: [],
  status: undefined,
  events: [],
  isGone: false,
  ...(next !== undefined && { next }),
});

/** Brings the next look forward. */
export function lookAt(sync: PodSync, next: number | undefined): void {
  if (next !== undefined) sync.next = Math.min(next, sync.next ?? next);
}

/** When the last event of this reason about a container was written whose message begins so, ms; 0: never. The kubelet's memory of what it said. */
export type LastSaid = (reason: string, fieldPath: string, prefix: string) => number;

/** Result for one container: a new entry of its statuses (absent: unchanged), actions for the runtime, events. */
export interface ContainerSync {
  status?: Obj;
  action?: RuntimeAction;
  says?: readonly Said[];
  /** When to look again though nothing is signalled, ms. */
  next?: number;
}

/** One container of a pod at one time: its spec, what the pod's status says of it, what its runtime knows. */
export interface ContainerInput {
  pod: KubeObject;
  container: Obj;
  role: Role;
  old: Obj | undefined;
  observed: ContainerObservation;
  /** It may be pulled and started. */
  isInTurn: boolean;
  said: LastSaid;
  now: number;
}
