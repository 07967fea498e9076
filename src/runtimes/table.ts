import type { RuntimeTable } from '../kubelet/runtime.ts';
import { simulated } from './simulated/runtime.ts';

/** The runtimes that every cluster has. A new one is a row here, under the handler that RuntimeClasses name it by. */
export const runtimeTable: RuntimeTable = { default: simulated, byHandler: new Map() };
