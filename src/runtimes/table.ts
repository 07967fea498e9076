import type { RuntimesFor } from '../kubelet/runtime.ts';
import { simulated } from './simulated/runtime.ts';

/**
 * The runtimes of every cluster. A new one is a row here, under the handler that RuntimeClasses name it by. A runtime with state is made
 * over the database of its cluster; the simulated runtime has none, so one instance serves all clusters.
 */
export const runtimesFor: RuntimesFor = () => ({ default: simulated, byHandler: new Map() });
