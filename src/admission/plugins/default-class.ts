import { newestDefault } from '../../api/storage/default-class.ts';
import type { Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { ClusterObjects } from '../../registry/ports.ts';

/** The class that an annotation marks as the default. */
export const defaultClassOf = (cluster: ClusterObjects, resource: Resource, annotations: string[]): KubeObject | undefined =>
  newestDefault(cluster.objects(resource), annotations);
