import type { Session, StreamPort, StreamSpec } from '../../lib/stream.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WatchSpec } from './spec.ts';
import { WatchSession } from './watch.ts';

/** Restores the session of a stream after a sleep, from the spec kept by its port. */
export type Resume = (spec: StreamSpec, port: StreamPort) => Session;

/** The functions that resume streams of the API server after a sleep, by type. A new type of stream is a row here. */
export const resumptions = (registry: Registry): Record<string, Resume> => ({
  // A cluster does not sleep before what was committed is flushed: a watch that wakes is at the head of the log.
  watch: (spec, port) => new WatchSession({ ...(spec as WatchSpec), revision: registry.revision }, registry, port),
});
