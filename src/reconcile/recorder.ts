import type { Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Registry } from '../registry/registry.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { rfc3339, rfc3339Micro } from '../api/machinery/time.ts';
import { StatusError } from '../api/machinery/status-errors.ts';
import { clone } from '../lib/json.ts';
import { EventCorrelator } from './events.ts';
import type { EventAction } from './plan.ts';

const NS_PER_MS = 1_000_000n;

/** Writes the Events of plans, in the forms of both upstream recorders (client-go tools/record and tools/events). */
export class Recorder {
  readonly #correlator = new EventCorrelator();
  readonly #registry: Registry;
  readonly #random: Random;
  #sequence = 0;
  /** Value of the sequence at the last commit. */
  #committed = 0;

  constructor(registry: Registry, random: Random) {
    this.#registry = registry;
    this.#random = random;
  }

  /** Writes an Event or counts up an equal one. Best effort, as upstream: a refused Event (namespace terminating) is dropped. */
  record(action: EventAction, writer: { user: UserInfo; manager: string }, now: number): void {
    const correlated = this.#correlator.correlate(action, now);
    if (correlated.do === 'drop') return;
    try {
      if (correlated.do === 'count') {
        if (this.#count(action, correlated, writer, now)) return;
        correlated.forget();
        return this.record(action, writer, now);
      }
      const event = this.#build(action, correlated.message, now);
      this.#create(event, writer, now);
      correlated.remember(event.metadata.namespace, event.metadata.name);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }

  /** Keeps what was recorded since the last commit. */
  commit(): void {
    this.#correlator.commit();
    this.#committed = this.#sequence;
  }

  /** Forgets what was recorded since the last commit. */
  rollback(): void {
    this.#correlator.rollback();
    this.#sequence = this.#committed;
  }

  #create(event: Obj, writer: { user: UserInfo; manager: string }, now: number): void {
    const kind = this.#registry.kinds.byResource('events');
    if (!kind) return;
    this.#registry.create(kind, event as never, {
      namespace: event.metadata.namespace,
      user: writer.user,
      now,
      fieldManager: writer.manager,
    });
  }

  #count(
    action: EventAction,
    seen: { seen: { namespace: string; name: string; count: number }; message: string },
    writer: { user: UserInfo; manager: string },
    now: number,
  ): boolean {
    const kind = this.#registry.kinds.byResource('events');
    const { namespace, name, count } = seen.seen;
    const old = this.#registry.object('events', namespace, name);
    if (!kind || !old) return false;
    const event = clone(old);
    event.message = seen.message;
    if (action.action) event.series = { count, lastObservedTime: rfc3339Micro(now) };
    else Object.assign(event, { count, lastTimestamp: rfc3339(now) });
    this.#registry.update(kind, event, { namespace, name, user: writer.user, now, fieldManager: writer.manager });
    return true;
  }

  #build(action: EventAction, message: string, now: number): Obj {
    const about = action.regarding;
    const namespace = about.metadata.namespace || 'default';
    // client-go appends the time in ns; `now` is in ms: a sequence keeps the order within one ms, a random number avoids equal names.
    const nanoseconds = (this.#sequence++ % 1000) * 1000 + Math.floor(this.#random.next() * 1000);
    const stamp = (BigInt(now) * NS_PER_MS + BigInt(nanoseconds)).toString(16);
    const involvedObject = {
      kind: about.kind,
      ...(about.metadata.namespace && { namespace: about.metadata.namespace }),
      name: about.metadata.name,
      uid: about.metadata.uid,
      apiVersion: about.apiVersion,
      resourceVersion: about.metadata.resourceVersion,
      ...(action.fieldPath && { fieldPath: action.fieldPath }),
    };
    const base = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${about.metadata.name}.${stamp}`, namespace },
      involvedObject,
    };
    const common = { reason: action.reason, message, type: action.type, reportingComponent: action.component };
    if (action.action) {
      return {
        ...base,
        ...common,
        source: {},
        eventTime: rfc3339Micro(now),
        firstTimestamp: null,
        lastTimestamp: null,
        action: action.action,
        reportingInstance: `${action.component}-atoll`,
      };
    }
    const at = rfc3339(now);
    return {
      ...base,
      ...common,
      source: { component: action.component },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      eventTime: null,
      reportingInstance: '',
    };
  }
}
