import type { KubeObject } from '../lib/json.ts';
import type { View } from '../registry/view.ts';
import { podInfo } from './pod-info.ts';
import { filterAll, scoreNodes } from './schedule.ts';
import { snapshotOf } from './snapshot.ts';

/** What the scheduler thinks of one node for one pod. */
export interface NodeOpinion {
  node: string;
  fits: boolean;
  /** Why not, in upstream's words, and the plugin that says it. */
  reasons: string[];
  plugin?: string;
  /** The weighted total and what each plugin gave, for nodes that fit. */
  score?: number;
  scores?: Record<string, number>;
}

/** Tells for each node why the pod may go there or not, and how good a choice it is. Writes nothing. */
export function explain(pod: KubeObject, view: View): NodeOpinion[] {
  const snapshot = snapshotOf(view);
  const info = podInfo(pod);
  const { verdict, prepared } = filterAll(info, snapshot, view);
  const { totals, parts } = scoreNodes(info, verdict.feasible, prepared.cycle);
  return snapshot.nodes.map(({ name }) => {
    const rejection = verdict.rejected.get(name);
    if (rejection) return { node: name, fits: false, reasons: rejection.reasons, plugin: rejection.plugin };
    const i = verdict.feasible.findIndex((node) => node.name === name);
    const scores = Object.fromEntries([...parts].map(([plugin, values]) => [plugin, values[i]]));
    return { node: name, fits: true, reasons: [], score: totals[i], scores };
  });
}
