import { StatusError } from '../api/machinery/status-errors.ts';
import type { Kind } from '../api/machinery/define-kind.ts';
import type { KubeObject } from '../lib/json.ts';
import type { Registry } from '../registry/registry.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import type { Action, Controller, Key, Plan, ReconcileCx } from './plan.ts';
import type { View } from '../registry/view.ts';
import type { Outbox, Sender } from './outbox.ts';
import type { Recorder } from './recorder.ts';

type WriteAction = Extract<Action, { verb: 'create' | 'update' | 'delete' }>;

const isWrite = (action: Action): action is WriteAction => 'resource' in action;

/** Identity that a plan is executed with: user and field manager for the registry, sender for the outbox. */
interface Writer {
  user: UserInfo;
  manager: string;
  sender: Sender;
}

export interface Outcome {
  requeueAt?: number;
  /** The error that ended the plan; the key is reconciled again. */
  refused?: StatusError;
}

/** Executes plans as registry calls (SPEC RC3..RC6). The plan says what to do, and the registry what is allowed. */
export class Executor {
  readonly #registry: Registry;
  readonly #recorder: Recorder;
  readonly #outbox: Outbox;

  constructor(registry: Registry, recorder: Recorder, outbox: Outbox) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#outbox = outbox;
  }

  /** Keeps pending state of the recorder: the caller's transaction is committed. */
  commit(): void {
    this.#recorder.commit();
  }

  /** Drops state in memory that the caller's transaction wrote: it was rolled back. */
  rollback(): void {
    this.#recorder.rollback();
    this.#outbox.rollback();
  }

  /** Executes a plan inside the caller's transaction. A refused action ends it; the controller's `refused` may return another plan. */
  run(controller: Controller, key: Key, plan: Plan, view: View, cx: ReconcileCx): Outcome {
    const user: UserInfo = { username: controller.user, groups: groupsOf(controller.user) };
    const writer: Writer = { user, manager: controller.manager, sender: { ...key, controller: controller.name } };
    for (const action of plan.actions) {
      const refusal = this.#perform(action, writer, cx.now);
      if (!refusal) continue;
      if (isTerminating(refusal)) continue;
      const answer = !isWrite(action) ? undefined : controller.refused?.(key, action, errorOf(refusal), view, cx);
      for (const next of answer?.actions ?? []) this.#perform(next, writer, cx.now);
      return { refused: refusal, requeueAt: answer?.requeueAt };
    }
    return { requeueAt: plan.requeueAt };
  }

  #perform(action: Action, writer: Writer, now: number): StatusError | undefined {
    if (!isWrite(action)) return this.#performOther(action, writer, now);
    try {
      // Each registry call is a savepoint inside the reconcile's transaction: a refused write is rolled back alone.
      this.#write(action, writer, now);
      return undefined;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const isGone = error.code === 404 && (action.verb === 'delete' || action.verb === 'update');
      return isGone ? undefined : error;
    }
  }

  /** Performs an action that writes no object; it is never refused. */
  #performOther(action: Exclude<Action, WriteAction>, writer: Writer, now: number): undefined {
    if (action.verb === 'event') this.#recorder.record(action, writer, now);
    else if (action.verb === 'settle') this.#outbox.settle(action.id);
    else this.#outbox.add({ id: action.id, request: action.request, due: action.due ?? now }, writer.sender);
  }

  #write(action: WriteAction, writer: Writer, now: number): void {
    const common = { user: writer.user, now, fieldManager: writer.manager };
    switch (action.verb) {
      case 'create': {
        const { name, namespace = '' } = action.object.metadata;
        const kind = this.#kind(action.resource);
        const { subresource } = action;
        this.#registry.create(kind, action.object as KubeObject, {
          ...common,
          namespace,
          ...(subresource && { name, subresource }),
        });
        return;
      }
      case 'update': {
        const { name, namespace = '' } = action.object.metadata;
        const kind = this.#kind(action.resource);
        this.#registry.update(kind, action.object as KubeObject, { ...common, namespace, name, subresource: action.subresource });
        return;
      }
      case 'delete': {
        const preconditions = {
          ...(action.uid && { uid: action.uid }),
          ...(action.resourceVersion && { resourceVersion: action.resourceVersion }),
        };
        this.#registry.delete(this.#kind(action.resource), {
          ...common,
          namespace: action.namespace,
          name: action.name,
          preconditions,
          gracePeriodSeconds: action.gracePeriodSeconds,
          propagationPolicy: action.propagationPolicy,
        });
        return;
      }
    }
  }

  #kind(resource: string): Kind {
    const kind = this.#registry.kinds.byResource(resource);
    if (!kind) throw new Error(`a plan names an unknown resource: ${resource}`);
    return kind;
  }
}

const errorOf = (error: StatusError) => ({ code: error.code, reason: error.reason, message: error.message });

/** Whether a creation was refused because its namespace is terminating (apierrors.HasStatusCause NamespaceTerminating). */
function isTerminating(error: StatusError): boolean {
  return (
    error.code === 403 &&
    (error.status.details?.causes ?? []).some((c: { reason?: string }) => c.reason === 'NamespaceTerminating')
  );
}

function groupsOf(user: string): string[] {
  const account = /^system:serviceaccount:([^:]+):/.exec(user);
  if (account) return ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, 'system:authenticated'];
  if (user.startsWith('system:node')) return ['system:nodes', 'system:authenticated'];
  return ['system:authenticated'];
}
