import { VIEW_INDEXES } from './limits.ts';
import type { IndexDefinition, View } from './view.ts';

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
    try {
      for (const change of changes) kept.definition.apply(kept.state, change);
    } catch (error) {
      // Half of the changes are in it: it is the state of no revision.
      this.#kept.delete(kept.definition.name);
      throw error;
    }
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

  /** Drops the indexes that saw a transaction which began at the mark and was rolled back to this revision. */
  rollback(mark: number, revision: number): void {
    for (const [name, kept] of this.#kept) {
      const read = kept.definition.notes === true && kept.readAt > mark;
      if (read || kept.revision > revision) this.#kept.delete(name);
    }
  }
}
