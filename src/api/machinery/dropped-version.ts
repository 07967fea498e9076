import type { Obj } from '../../lib/json.ts';
import { goSchema } from '../schema/go.ts';
import type { ServedVersion } from './define-kind.ts';

/** Differences between a dropped version and its successor; both functions change the object in place. */
interface Conversion {
  toStored?(object: Obj): void;
  fromStored?(object: Obj): void;
}

/**
 * An API version that Kubernetes dropped and that books still use; served with `legacy` only. `name` and `replacement` are written
 * "apps/v1beta1 Deployment"; deprecated and removed are the minor releases 1.x in which that happened. All as upstream's APILifecycle
 * methods said.
 */
export function droppedVersion(
  name: string,
  replacement: string,
  deprecated: number,
  removed: number,
  { toStored, fromStored }: Conversion = {},
): ServedVersion {
  const [apiVersion, kind] = name.split(' ');
  const [group, version] = apiVersion.split('/');
  const [stored] = replacement.split(' ');
  const convert = (change: Conversion['toStored'], to: string) => (object: Obj) => {
    const out = { ...object, apiVersion: to };
    change?.(out);
    return out;
  };
  return {
    group,
    version,
    schema: goSchema(`io.k8s.api.${group.split('.')[0]}.${version}.${kind}`),
    toStored: convert(toStored, stored),
    fromStored: convert(fromStored, apiVersion),
    deprecated: `${name} is deprecated in v1.${deprecated}+, unavailable in v1.${removed}+; use ${replacement}`,
  };
}
