import type { Kind, Resource } from '../api/machinery/define-kind.ts';
import type { Explainer } from '../api/explain/explainer.ts';
import type { Meter } from '../api/metrics/meter.ts';
import type { KubeObject } from '../lib/json.ts';

/** Reads of objects by resource: of the present, or of one moment of the past. */
export interface Reader {
  get(resource: Resource, namespace: string, name: string): KubeObject | undefined;
  list(resource: Resource, namespace?: string): KubeObject[];
  /** A derived state, up to date (view-index.ts). */
  index<S>(definition: IndexDefinition<S>): S;
}

/** Synchronous, always fresh reads. Objects are shared and must not be mutated: clone before changing. */
export interface View extends Reader {
  /** Objects that name `uid` in metadata.ownerReferences (any kind unless `resource` is given). */
  ownedBy(uid: string, resource?: Resource): KubeObject[];
  /** The first `limit` of these, of any kind, that are not being deleted. */
  ownedNotDeleting(uid: string, limit: number): KubeObject[];
  /** The kinds that the cluster serves and stores now, in the order of its table. */
  readonly kinds: readonly Kind[];
  /** Resource of an apiVersion and kind, or undefined when the cluster does not serve it. */
  resourceOf(apiVersion: string, kind: string): { resource: Resource; namespaced: boolean } | undefined;
  /** The changes after `revision` of the wanted resources (default: all), oldest first; undefined when compacted. */
  since(revision: number, wanted?: (resource: Resource) => boolean): Change[] | undefined;
  readonly revision: number;
  /** The revision up to which the log is compacted, the oldest that `since` takes. */
  readonly compacted: number;
}

/** One committed change. `object` is the state after it (the last state for a deletion). */
export interface Change {
  revision: number;
  resource: Resource;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  /** The state before it; undefined for ADDED. */
  old: KubeObject | undefined;
}

/**
 * A state that is derived from the objects of some resources and follows their changes, so that readers need not scan all objects.
 * It may be dropped at any time. `contract/view-index.test.ts` holds every definition to the law that a state which followed any writes
 * and rollbacks answers as one that is built anew.
 */
export interface IndexDefinition<S> {
  /** Identity within a view. */
  name: string;
  /** The resources whose changes are applied. */
  resources: readonly Resource[];
  /** The state for the objects that are stored now. A state that is filled on demand begins empty. */
  build(view: Reader): S;
  /** Brings the state from before a change to after it. */
  apply(state: S, change: Change): void;
  /**
   * Readers write notes into the state that are valid only if their transaction commits: a rollback of a transaction in which it was read drops it.
   * Without this, a rollback drops it only when it has followed what was rolled back.
   */
  notes?: boolean;
}

/** Makes the meter of a moment: what it says is computed from the view and the time, and nothing is written for it. */
export type MeterOf = (view: View, now: number) => Meter;

/** Makes what explains the decisions on the objects of a view. */
export type ExplainerOf = (view: View) => Explainer;
