import type { Kind } from '../../src/api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../../src/lib/json.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { Change, IndexDefinition, View } from '../../src/registry/view.ts';

/** The view of a registry with all objects frozen. They are shared, so a controller that changes one throws. */
export abstract class FrozenView implements View {
  abstract readonly registry: Registry;

  get revision(): number {
    return this.registry.revision;
  }

  get compacted(): number {
    return this.registry.view.compacted;
  }

  get kinds(): readonly Kind[] {
    return this.registry.view.kinds;
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return deepFreeze(this.registry.view.get(resource, namespace, name));
  }

  list(resource: string, namespace?: string): KubeObject[] {
    return this.registry.view.list(resource, namespace).map(deepFreeze);
  }

  ownedBy(uid: string, resource?: string): KubeObject[] {
    return this.registry.view.ownedBy(uid, resource).map(deepFreeze);
  }

  ownedNotDeleting(uid: string, limit: number): KubeObject[] {
    return this.registry.view.ownedNotDeleting(uid, limit).map(deepFreeze);
  }

  resourceOf(apiVersion: string, kind: string) {
    return this.registry.view.resourceOf(apiVersion, kind);
  }

  index<S>(definition: IndexDefinition<S>): S {
    return this.registry.view.index(definition);
  }

  since(revision: number, wanted?: (resource: string) => boolean): Change[] | undefined {
    return this.registry.view.since(revision, wanted)?.map(deepFreeze);
  }
}

/** Freezes a value and all that it holds. */
export function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  for (const key in value) deepFreeze((value as Obj)[key]);
  return Object.freeze(value);
}
