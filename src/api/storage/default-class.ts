import type { KubeObject } from '../../lib/json.ts';

/** Annotations that mark a StorageClass as the default. */
export const DEFAULT_STORAGE_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Whether one of the annotations marks the class as the default. */
export const isDefault = (object: KubeObject, annotations: readonly string[]): boolean =>
  annotations.some((a) => object.metadata.annotations?.[a] === 'true');

/** The class that an annotation marks as the default; of several the newest, then the first by name. */
export function newestDefault(candidates: Iterable<KubeObject>, annotations: readonly string[]): KubeObject | undefined {
  let found: KubeObject | undefined;
  for (const candidate of candidates) {
    if (!isDefault(candidate, annotations)) continue;
    const newer = found && candidate.metadata.creationTimestamp > found.metadata.creationTimestamp;
    const same = found && candidate.metadata.creationTimestamp === found.metadata.creationTimestamp;
    if (!found || newer || (same && candidate.metadata.name < found.metadata.name)) found = candidate;
  }
  return found;
}
