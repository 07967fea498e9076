import type { Resource } from '../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Ask, Question, Reply } from '../lib/ask.ts';
import type { Random } from '../lib/random.ts';
import type { Change, View } from '../registry/view.ts';

/** Namespace and name that a controller reconciles. Cluster-scoped objects have namespace "". */
export interface Key {
  namespace: string;
  name: string;
}

/** One write of a plan, as data: the executor turns it into a registry call, with uid and resourceVersion preconditions. */
export type Action =
  /** Creates an object, or posts it to a subresource of the object that its metadata names. */
  | { verb: 'create'; resource: Resource; object: Obj; subresource?: string }
  /** Replaces the whole object; it carries the resourceVersion it was read at. */
  | { verb: 'update'; resource: Resource; object: Obj; subresource?: 'status' | 'finalize' | 'approval' | 'scale' }
  | {
      verb: 'delete';
      resource: Resource;
      namespace: string;
      name: string;
      uid?: string;
      resourceVersion?: string;
      gracePeriodSeconds?: number;
      propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
    }
  | EventAction
  | EffectAction
  /** Deletes an effect whose outcome the controller has processed. */
  | { verb: 'settle'; id: string };

/** State of an effect. */
export interface EffectState {
  /** Number of finished sends, failed ones included. */
  sends: number;
  /** Final result: the receiver's answer below 300, or the last failure. Absent: another send follows. */
  outcome?: Reply;
}

/** Sends a request to the outside once the plan is committed (outbox.ts). The key is reconciled again when there is an outcome. */
export interface EffectAction {
  verb: 'effect';
  id: string;
  request: Question;
  /** Earliest time, ms since the epoch; absent: now. */
  due?: number;
}

/**
 * An Event about `regarding`, correlated as client-go's recorder does. `component` is source.component and reportingComponent. With
 * `action` it takes the form of the events.k8s.io recorder, which the scheduler uses (eventTime, reportingInstance, series).
 */
export interface EventAction {
  verb: 'event';
  regarding: KubeObject;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  component: string;
  fieldPath?: string;
  action?: string;
}

export interface Plan {
  actions: Action[];
  /** Time at which the key is reconciled again, ms: a row in `timers` that replaces the key's former one; absent: that is deleted. */
  requeueAt?: number;
}

export interface ReconcileCx {
  now: number;
  random: Random;
  /** Returns the answer of the outside; while there is none, throws Unanswered: the reconcile is rolled back and runs again with it (lib/ask.ts). */
  ask: Ask;
  /** State of an effect by its id. */
  effect(id: string): EffectState | undefined;
  /** Maximum number of objects that one plan writes, since its transaction cannot be interrupted. The status and writes that must be atomic do not count. */
  maxWrites: number;
}

/** Mapping of the changes of a resource to the keys that they make dirty. */
export interface Mapping {
  /** `*` is every resource that the cluster serves, including those that are defined later. */
  resource: Resource | '*';
  /** Resources that `*` excludes. */
  except?: readonly Resource[];
  keys(change: Change, view: View): Key[];
  /**
   * Delay of its keys after the change, ms (AddAfter in upstream's event handlers). For short delays: they cost no row, and start again
   * after a crash. For longer ones use a plan's requeueAt.
   */
  afterMs?: number;
}

/** A controller: a function from a key to a plan. Deterministic, total, idempotent, without I/O. */
export interface Controller {
  name: string;
  /** Field manager and user agent of its writes, e.g. "kube-controller-manager". */
  manager: string;
  /** User name of its writes, e.g. "system:serviceaccount:kube-system:deployment-controller". */
  user: string;
  watches: Mapping[];
  /**
   * Takes its keys only while no other key is dirty, a few at a time. Set for the kubelet: in a real cluster controllers see one pod become
   * ready before the next does, and roll out step by step.
   */
  lowPriority?: boolean;
  reconcile(key: Key, view: View, cx: ReconcileCx): Plan;
  /** Returns a plan (events, status) to execute after a refused action. The key is retried at its requeueAt, else with back-off. */
  refused?(key: Key, action: Action, error: { code: number; reason: string; message: string }, view: View, cx: ReconcileCx): Plan;
}

/** Mapping of an object to its own key. */
export const byObject = (resource: Resource): Mapping => ({
  resource,
  keys: (change) => [{ namespace: change.object.metadata.namespace ?? '', name: change.object.metadata.name }],
});
