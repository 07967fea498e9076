import { StatusError } from '../../api/machinery/status-errors.ts';
import type { Session, StreamPort, StreamSpec } from '../../lib/stream.ts';
import type { Registry } from '../../registry/registry.ts';
import { checkSelectors } from './selector.ts';
import type { WatchSpec } from './spec.ts';
import { WatchSession } from './watch.ts';

/** Restores the session of a stream after a sleep, from the spec kept by its port. Undefined: what it streams is not served any more. */
export type Resume = (spec: StreamSpec, port: StreamPort) => Session | undefined;

/** The functions that resume streams of the API server after a sleep, by type. A new type of stream is a row here. */
export const resumptions = (registry: Registry): Record<string, Resume> => ({
  // A cluster does not sleep before what was committed is flushed: a watch that wakes is at the head of the log.
  watch: (kept, port) => {
    const spec = kept as WatchSpec;
    return canWatch(registry, spec) ? new WatchSession({ ...spec, revision: registry.revision }, registry, port) : undefined;
  },
});

/** Whether what a watch asks for is served: kinds, versions and selectable fields come and go while it sleeps. */
function canWatch({ kinds }: Registry, { group, version, resource, labelSelector, fieldSelector }: WatchSpec): boolean {
  const found = kinds.served(group, version, resource);
  if (!found) return false;
  try {
    checkSelectors(found.kind, labelSelector, fieldSelector);
    return true;
  } catch (error) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}
