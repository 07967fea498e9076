import type { RuntimesFor } from '../kubelet/runtime.ts';
import { simulated } from './simulated/runtime.ts';

/**
 * The runtimes that every cluster has. A new one is a row here, under the handler that RuntimeClasses name it by. One that remembers is made
 * over the database of its cluster; the simulated one remembers nothing, and may be shared.
 */
export const runtimesFor: RuntimesFor = () => ({ default: simulated, byHandler: new Map() });
