import type { Resource } from '../api/machinery/define-kind.ts';
import type { KubeObject } from '../lib/json.ts';
import type { Change, IndexDefinition, Reader } from '../registry/view.ts';

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

/** Reads of the objects as they were before some changes, the newest of the log: the log is the store, so the past can be read from it. */
export function past(present: Reader, changes: readonly Change[]): Reader {
  const before = new Map<Resource, Map<string, KubeObject | undefined>>();
  for (const { resource, object, old } of changes) {
    let objects = before.get(resource);
    if (!objects) before.set(resource, (objects = new Map()));
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    if (!objects.has(key)) objects.set(key, old);
  }
  const isOf = (namespace: string | undefined) => (object: KubeObject | undefined) =>
    object !== undefined && (!namespace || object.metadata.namespace === namespace);
  const indexes = new Map<string, unknown>();
  const reader: Reader = {
    index<S>(definition: IndexDefinition<S>): S {
      if (!indexes.has(definition.name)) indexes.set(definition.name, definition.build(reader));
      return indexes.get(definition.name) as S;
    },
    get(resource, namespace, name) {
      const objects = before.get(resource);
      const key = keyOf(namespace, name);
      return objects?.has(key) ? objects.get(key) : present.get(resource, namespace, name);
    },
    list(resource, namespace) {
      const now = present.list(resource, namespace);
      const objects = before.get(resource);
      if (!objects) return now;
      const unchanged = now.filter(({ metadata }) => !objects.has(keyOf(metadata.namespace, metadata.name)));
      return [...unchanged, ...([...objects.values()].filter(isOf(namespace)) as KubeObject[])];
    },
  };
  return reader;
}
