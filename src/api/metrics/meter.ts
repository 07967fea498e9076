import type { KubeObject } from '../../lib/json.ts';

/** What is used: nanocores, and bytes. */
export interface Use {
  cpu: number;
  memory: number;
}

/** Means over the window that ended at `timestamp`, ms. */
interface Sample {
  timestamp: number;
  windowMs: number;
}

export interface PodSample extends Sample {
  /** Containers that run. */
  containers: (Use & { name: string })[];
  /** Until when every later sample says the same, ms; Infinity: nobody knows of a change. */
  until: number;
}

export interface NodeSample extends Sample {
  use: Use;
}

/** Returns what pods and nodes use, as it was measured last; undefined: not yet, or never. */
export interface Meter {
  pod(pod: KubeObject): PodSample | undefined;
  node(node: KubeObject): NodeSample | undefined;
}
