import { clusterKinds } from '../../src/api/own-kinds.ts';
import type { Kind, Resource } from '../../src/api/machinery/define-kind.ts';
import { StatusError } from '../../src/api/machinery/status-errors.ts';
import type { Obj } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import type { DeleteRequest, WriteOptions } from '../../src/registry/options.ts';
import { Registry, type RegistryDeps } from '../../src/registry/registry.ts';
import { migrate } from '../../src/store/schema.ts';
import { Store } from '../../src/store/store.ts';
import { openSqlite } from './sqlite.ts';

export const START = Date.UTC(2026, 0, 1);

/** A registry alone, over node:sqlite, without admission and allocators. */
export class RegistryBench {
  readonly sql = openSqlite();
  readonly store: Store;
  readonly registry: Registry;
  now = START;

  constructor(deps: Partial<RegistryDeps> = {}) {
    migrate(this.sql);
    this.store = new Store(this.sql);
    this.registry = new Registry({
      kinds: () => clusterKinds(),
      store: this.store,
      random: seeded(1),
      admission: [],
      allocators: {},
      ...deps,
    });
  }

  kind(resource: Resource): Kind {
    const kind = this.registry.kinds.byResource(resource);
    if (!kind) throw new Error(`no kind ${resource}`);
    return kind;
  }

  options(kind: Kind, more: Partial<WriteOptions> = {}): WriteOptions {
    return {
      namespace: kind.namespaced ? 'default' : '',
      user: { username: 'u', groups: [] },
      now: this.now,
      fieldManager: 'test',
      ...more,
    };
  }

  remove(kind: Kind, name: string, more: Partial<DeleteRequest> = {}) {
    return this.registry.delete(kind, { ...this.options(kind, { name }), ...more } as DeleteRequest);
  }
}

/** The Status that a call is refused with. */
export function refusal(fn: () => unknown): Obj {
  try {
    fn();
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error('it was not refused');
}
