import type { Resource } from '../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Ask, Question, Reply } from '../lib/ask.ts';
import type { Random } from '../lib/random.ts';
import type { Change, View } from '../registry/view.ts';

/** What a controller is asked to look at. Cluster-scoped objects have namespace "". */
export interface Key {
  namespace: string;
  name: string;
}

/** Data only: the executor turns it into registry calls inside one transaction, with uid and resourceVersion preconditions. */
export type Action =
  /** With a subresource, what is posted to it: the object names whose it is. */
  | { verb: 'create'; resource: Resource; object: Obj; subresource?: string }
  /** Whole-object replace; the object carries the resourceVersion it was read at. */
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
  /** The outcome of an effect was taken note of: it is forgotten. */
  | { verb: 'settle'; id: string };

/** What became of an effect. */
export interface EffectState {
  /** How often it was sent and answered, or could not be. */
  sends: number;
  /** The end: the receiver's answer below 300, or the last failure. Absent: it will be sent, or sent again. */
  outcome?: Reply;
}

/** Has something done outside once the plan is committed (outbox.ts). The key is reconciled again when it has ended. */
export interface EffectAction {
  verb: 'effect';
  id: string;
  request: Question;
  /** ms; absent: at once. */
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
  /** Look at this key again at this time (ms). The one form of "later": it becomes a row in `timers`, replacing the key's former one. */
  requeueAt?: number;
}

export interface ReconcileCx {
  now: number;
  random: Random;
  /** Asks the outside; while there is no answer, the reconcile ends here and is run anew with it (lib/ask.ts). */
  ask: Ask;
  /** What became of an effect of that id. */
  effect(id: string): EffectState | undefined;
  /** Objects that one plan writes at most, its own status and what belongs to one decision aside: a plan is one transaction and is not interrupted. */
  maxWrites: number;
}

/** Which keys a change of another resource (or of the controller's own) makes dirty. */
export interface Mapping {
  /** `*` is every resource that the cluster serves, now or later. */
  resource: Resource | '*';
  /** Resources that `*` leaves out. */
  except?: readonly Resource[];
  keys(change: Change, view: View): Key[];
  /**
   * Its keys are looked at only so long after the change, ms (AddAfter in upstream's event handlers): for moments, since they cost no row
   * and a cluster that wakes from a crash counts them anew. What takes longer is a plan's requeueAt.
   */
  afterMs?: number;
}

/** A controller is a function over keys. Deterministic, total, no I/O; harmless when run twice. */
export interface Controller {
  name: string;
  /** Field manager and user agent of its writes, e.g. "kube-controller-manager". */
  manager: string;
  /** user name of its writes, e.g. "system:serviceaccount:kube-system:deployment-controller". */
  user: string;
  watches: Mapping[];
  /**
   * Its keys wait until no other key is dirty, and are then taken a few at a time. The nodes are such: in a real cluster controllers see
   * one pod become ready before the next does, and roll out step by step.
   */
  lowPriority?: boolean;
  reconcile(key: Key, view: View, cx: ReconcileCx): Plan;
  /** Called when an action was refused (quota, conflict, invalid): may answer with events or status. Without it the key is retried with back-off. */
  refused?(key: Key, action: Action, error: { code: number; reason: string; message: string }, view: View, cx: ReconcileCx): Plan;
}

/** The usual mapping: the object itself is the key. */
export const byObject = (resource: Resource): Mapping => ({
  resource,
  keys: (change) => [{ namespace: change.object.metadata.namespace ?? '', name: change.object.metadata.name }],
});
