import type { Resource } from '../api/machinery/define-kind.ts';
import { VIEW_INDEXES } from './limits.ts';
import type { Change, View } from './view.ts';

/**
 * A state that is derived from the objects of some resources and follows their changes: what a reader would else scan all objects for.
 * It may be dropped at any time. `contract/view-index.test.ts` holds every definition to the law that a state which followed any writes
 * and rollbacks answers as one that is built anew.
 */
export interface IndexDefinition<S> {
  /** Identity within a view. */
  name: string;
  /** The resources whose changes are applied. */
  resources: readonly Resource[];
  /** The state for the objects that are stored now. A state that is filled on demand begins empty. */
  build(view: View): S;
  /** Brings the state from before a change to after it. */
  apply(state: S, change: Change): void;
  /**
   * Its readers keep notes in it that hold only if their transaction commits: a rollback of a transaction in which it was read drops it.
   * Without this, a rollback drops it only when it has followed what was rolled back.
   */
  notes?: boolean;
}

interface Kept {
  definition: IndexDefinition<unknown>;
  state: unknown;
  /** The state is that of this revision. */
  revision: number;
  /** The count of reads when it was last read. */
  readAt: number;
}

/** The indexes of one view. */
export class ViewIndexes {
  readonly #view: View;
  readonly #kept = new Map<string, Kept>();
  #reads = 0;

  constructor(view: View) {
    this.#view = view;
  }

  read<S>(definition: IndexDefinition<S>): S {
    const { revision } = this.#view;
    const known = this.#kept.get(definition.name);
    const kept = known && this.#follow(known, revision) ? known : this.#build(definition, revision);
    kept.readAt = ++this.#reads;
    return kept.state as S;
  }

  #follow(kept: Kept, revision: number): boolean {
    if (kept.revision === revision) return true;
    const { resources } = kept.definition;
    const changes = resources.length ? this.#view.since(kept.revision, (resource) => resources.includes(resource)) : [];
    if (!changes) return false;
    for (const change of changes) kept.definition.apply(kept.state, change);
    kept.revision = revision;
    return true;
  }

  #build<S>(definition: IndexDefinition<S>, revision: number): Kept {
    const kept: Kept = {
      definition: definition as IndexDefinition<unknown>,
      state: definition.build(this.#view),
      revision,
      readAt: 0,
    };
    this.#kept.delete(definition.name);
    this.#kept.set(definition.name, kept);
    if (this.#kept.size > VIEW_INDEXES) this.#kept.delete(this.#kept.keys().next().value as string);
    return kept;
  }

  /** The point at which a transaction begins. */
  mark(): number {
    return this.#reads;
  }

  /** Drops what knows of a transaction that began at the mark and was rolled back to this revision. */
  rollback(mark: number, revision: number): void {
    for (const [name, kept] of this.#kept) {
      const read = kept.definition.notes === true && kept.readAt > mark;
      if (read || kept.revision > revision) this.#kept.delete(name);
    }
  }
}
