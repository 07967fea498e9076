import { parseTime, rfc3339Micro } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { SYNC_MS } from './periods.ts';

export const HISTORIES = 'autoscaling.atoll.dev/scalinghistories';
/** Longest window and longest period of a policy that validation allows, ms. */
const WINDOW_MAX_MS = 3_600_000;
const PERIOD_MAX_MS = 1_800_000;

/** A recommendation, not stabilized and not limited; the next one follows at its `since`, ms. */
export interface Recommendation {
  replicas: number;
  since: number;
}

export interface ScaleEvent {
  change: number;
  time: number;
}

/** What upstream's controller keeps in memory of a HorizontalPodAutoscaler. */
export interface History {
  recommendations: Recommendation[];
  scaleUps: ScaleEvent[];
  scaleDowns: ScaleEvent[];
}

const isOf = (stored: KubeObject, hpa: KubeObject): boolean =>
  stored.metadata.ownerReferences?.some(({ uid }) => uid === hpa.metadata.uid) ?? false;

/** The history that is stored, of this very object. */
export function historyOf(hpa: KubeObject, view: View): History | undefined {
  const stored = view.get(HISTORIES, hpa.metadata.namespace ?? '', hpa.metadata.name);
  if (!stored || !isOf(stored, hpa)) return undefined;
  const { recommendations = [], scaleUps = [], scaleDowns = [] }: Obj = stored;
  const eventOf = ({ change, time }: Obj): ScaleEvent => ({ change, time: parseTime(time) });
  return {
    recommendations: recommendations.map(({ replicas, since }: Obj) => ({ replicas, since: parseTime(since) })),
    scaleUps: scaleUps.map(eventOf),
    scaleDowns: scaleDowns.map(eventOf),
  };
}

/** When a recommendation was made last: it was the same in every sync until the one before the next. */
export function lastMade({ recommendations }: History, i: number, now: number): number {
  const next = recommendations[i + 1];
  return next ? Math.max(recommendations[i].since, next.since - SYNC_MS) : now;
}

/** The history with one more recommendation: a row is written only when it is another than the last. */
export function recommended(history: History, replicas: number, now: number): History {
  if (history.recommendations.at(-1)?.replicas === replicas) return history;
  const recommendations = [...history.recommendations, { replicas, since: now }];
  const next = { ...history, recommendations };
  return { ...next, recommendations: recommendations.filter((_, i) => lastMade(next, i, now) >= now - WINDOW_MAX_MS) };
}

/** The history with one more change of the size (storeScaleEvent). */
export function rescaled(history: History, from: number, to: number, now: number): History {
  const list = to > from ? 'scaleUps' : 'scaleDowns';
  const recent = history[list].filter(({ time }) => time > now - PERIOD_MAX_MS);
  return { ...history, [list]: [...recent, { change: Math.abs(to - from), time: now }] };
}

/** The write of the history, if it changed. */
export function storeHistory(hpa: KubeObject, history: History, view: View): Action[] {
  const { name, namespace = '', uid } = hpa.metadata;
  const stored = view.get(HISTORIES, namespace, name);
  const before = stored && isOf(stored, hpa) ? historyOf(hpa, view) : undefined;
  if (before && equal(before, history)) return [];
  const eventOf = ({ change, time }: ScaleEvent): Obj => ({ change, time: rfc3339Micro(time) });
  const owner = { apiVersion: hpa.apiVersion, kind: hpa.kind, name, uid, controller: true, blockOwnerDeletion: true };
  const object: KubeObject = {
    kind: 'ScalingHistory',
    apiVersion: 'autoscaling.atoll.dev/v1',
    metadata: { ...(stored?.metadata ?? ({ name, namespace } as KubeObject['metadata'])), ownerReferences: [owner] },
    recommendations: history.recommendations.map(({ replicas, since }) => ({ replicas, since: rfc3339Micro(since) })),
    ...(history.scaleUps.length && { scaleUps: history.scaleUps.map(eventOf) }),
    ...(history.scaleDowns.length && { scaleDowns: history.scaleDowns.map(eventOf) }),
  };
  return [stored ? { verb: 'update', resource: HISTORIES, object } : { verb: 'create', resource: HISTORIES, object }];
}
