import type { Obj } from '../../lib/json.ts';
import type { Schema } from './schema.ts';

/**
 * The schema of a kind that clients read only: what they would send is never decoded, so its definition in OpenAPI documents is all there is to
 * say. It may refer to no other definition, since the documents name them differently.
 */
export function readOnlySchema(name: string, gvk: { group: string; version: string; kind: string }, properties: Obj): Schema {
  const text = { type: 'string' };
  return {
    name,
    listName: `${name}List`,
    mark: JSON.stringify(properties),
    struct: undefined,
    openapi: {
      type: 'object',
      properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, ...properties },
      'x-kubernetes-group-version-kind': [gvk],
    },
    shape: { k: 'map', atomic: false, struct: undefined, element: { k: 'any', atomic: false } },
    normalise: (object) => ({ object, mistyped: false, unknown: false, keys: 0 }),
    decode: () => ({ object: {}, strict: [] }),
    zero: () => ({}),
  };
}
