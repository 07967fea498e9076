import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { ClusterObjects } from '../../registry/ports.ts';

/** The class that an annotation marks as the default; of several the newest, then the first by name. */
export function defaultClassOf(cluster: ClusterObjects, resource: Resource, annotations: string[]): KubeObject | undefined {
  let found: KubeObject | undefined;
  for (const candidate of cluster.objects(resource)) {
    if (!annotations.some((a) => candidate.metadata.annotations?.[a] === 'true')) continue;
    const newer = found && candidate.metadata.creationTimestamp > found.metadata.creationTimestamp;
    const same = found && candidate.metadata.creationTimestamp === found.metadata.creationTimestamp;
    if (!found || newer || (same && candidate.metadata.name < found.metadata.name)) found = candidate;
  }
  return found;
}
