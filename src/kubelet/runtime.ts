import type { Use } from '../api/metrics/meter.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Sqlite } from '../lib/sqlite-port.ts';
import type { Key } from '../reconcile/plan.ts';

/** A pod and the node that it is bound to. */
export interface PodOnNode {
  pod: KubeObject;
  node: KubeObject;
}

/** How far the image of a container is. Of a failed pull: when it failed, for the how-many-th time in a row, and why. */
export type ImageState =
  | { state: 'absent' }
  | { state: 'pulling' }
  | { state: 'present'; pulledInMs: number }
  | { state: 'failed'; failedAt: number; failures: number; error: string };

/** The process of a container; `attempt` is the one of the start action that it came from. */
export type ProcessState =
  | { state: 'none' }
  | { state: 'starting'; attempt: number }
  | { state: 'running'; attempt: number; startedAt: number; isReady: boolean }
  | {
      state: 'exited';
      attempt: number;
      startedAt: number;
      finishedAt: number;
      exitCode: number;
      reason?: string;
      message?: string;
      /** The lifecycle hook that failed: after a failed postStart the process was ended. */
      failedHook?: 'postStart' | 'preStop';
    };

/** Names of the probes of a container. */
export type ProbeName = 'startup' | 'liveness' | 'readiness';

/** What every run of a probe gives from a time on, until the next result's: so nothing ticks while nothing changes. */
export interface ProbeResult {
  since: number;
  ok: boolean;
  /** What a failed run says. */
  output?: string;
}

export interface ContainerObservation {
  image: ImageState;
  process: ProcessState;
  /** Results of the probes of the running process, oldest first, foreseen ones too. Absent: the runtime runs no such probe, it counts as succeeded. */
  probes?: Partial<Record<ProbeName, readonly ProbeResult[]>>;
}

/** What is known of a container that its runtime does not name. */
export const UNKNOWN: ContainerObservation = { image: { state: 'absent' }, process: { state: 'none' } };

/** How a process has ended that its runtime no longer knows (kuberuntime, convertStatusToAPIStatus). */
export const LOST = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
};

/** A runtime's observation of a pod: data only. */
export interface Observation {
  /** Containers by name. */
  containers: Record<string, ContainerObservation>;
  /** The pod was stopped: no container runs, or will run again. */
  isStopped: boolean;
  /** When this will be another observation though nobody acts, ms. What a runtime cannot foresee it signals. */
  next?: number;
  /** Only the outcome is reported, as KWOK's stages do: no events, no steps, no back-offs. */
  isTerse?: boolean;
  /** What the runtime did not understand of what the pod asks of it; told once, in an event. */
  warning?: string;
}

/** Actions for a runtime (in upstream, calls of the CRI). All are idempotent. */
export type RuntimeAction =
  /** `attempt` counts the pulls of this container's image that failed before. */
  | { do: 'pull'; container: string; attempt: number }
  /** `attempt` counts the starts of this container before this one. */
  | { do: 'start'; container: string; attempt: number }
  /** Ends the process of one container: asked kindly at `since`, killed at `killAt`, ms. It may be started again later. */
  | { do: 'kill'; container: string; attempt: number; since: number; killAt: number }
  /**
   * Ends every process of the pod: asked kindly at `since`, killed at `killAt`, ms. Those of a group of `order` are asked when all of the groups
   * before it have ended.
   */
  | { do: 'stop'; since: number; killAt: number; order: readonly (readonly string[])[] };

/** A running container whose use is asked for, as of a time. */
export interface RunningContainer extends PodOnNode {
  /** Its part of the pod's spec. */
  container: Obj;
  /** ms. */
  startedAt: number;
  /** The topmost controller of the pod, such as its Deployment. */
  workload: KubeObject | undefined;
  /** The part of the workload's load that reaches the container: that is shared by the ready pods. */
  share: number;
}

/** Use of a container, and until when it stays so, ms; Infinity: nothing else is foreseen. */
export interface ContainerUse extends Use {
  until: number;
}

/**
 * The port to what executes pods. The kubelet plans, a runtime acts: simulated behaviour, a sandbox, isolates. Synchronous; what it remembers lies in
 * tables of its own, written in the transaction of the caller, so a crash loses an action with everything that was planned with it.
 */
export interface Runtime {
  /** Returns what is known of a pod now. Changes nothing: asked again at the same time, it answers the same. */
  observe(on: PodOnNode, now: number): Observation;
  /** Begins what the actions ask for, and returns what is known then. */
  apply(on: PodOnNode, actions: readonly RuntimeAction[], now: number): Observation;
  /** Returns what a container uses at a time. Absent: it is not measured. Changes nothing. */
  use?(running: RunningContainer, at: number): ContainerUse;
  /** Forgets pods of this name whose uid is another: they are gone from the API, whatever ran of them ends at once. */
  remove(key: Key, uid: string | undefined): void;
  /** Whether looking at the pod changes nothing, as far as the pod tells: spares most keys where pods are simulated. Absent: never known. */
  isAtRest?(pod: KubeObject, node: KubeObject | undefined, isGone: boolean): boolean;
  /** Pods whose observation changed since they were last observed; asked when a cluster opens, for signals are not kept. */
  news?(): Key[];
  /** Takes the listener that hears of a pod whose observation changed. Late, repeated and lost calls are harmless: see `news`. */
  onChange?(changed: (key: Key) => void): void;
  /** Executes one step, and more while `more` says so; what it changes it signals. True when nothing is left to execute now. */
  run?(now: number, more: () => boolean): boolean;
}

/** The runtimes of a cluster by the handler of a RuntimeClass, and the one for pods that ask for none that is here. */
export interface RuntimeTable {
  default: Runtime;
  byHandler: ReadonlyMap<string, Runtime>;
}

/** Makes the runtimes of one cluster, each time that it opens: what they remember lies in tables of its database. */
export type RuntimesFor = (cluster: { sql: Sqlite }) => RuntimeTable;
