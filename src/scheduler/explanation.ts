import type { Explainer } from '../api/explain/explainer.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Change, Reader, View } from '../registry/view.ts';
import { isFinished, isOurs, isPending, VOLUME_RESOURCES } from './events.ts';
import { type Decision, decide, type NodeDecision, type PluginScore } from './explain.ts';
import { EXPLAINED_REVISIONS } from './limits.ts';
import { past } from './past.ts';
import { podInfo } from './pod-info.ts';
import { Snapshot } from './snapshot.ts';

/** Everything that a decision is made of; other resources need not be read from the log. */
export const READ: ReadonlySet<string> = new Set([
  'pods',
  'nodes',
  'namespaces',
  'services',
  'replicationcontrollers',
  'apps/replicasets',
  'apps/statefulsets',
  ...VOLUME_RESOURCES,
]);
const FIRST_SPAN = 1000;
const SPAN_FACTOR = 4;

/**
 * Explains decisions by making them again (SPEC SCH11): that of a waiting pod over the present, that of a bound pod over the state before its
 * binding, which the log has. Nothing is kept for it.
 */
export const explainerOf = (view: View): Explainer => ({ scheduling: (pod) => scheduling(pod, view) });

function scheduling(pod: KubeObject, view: View): Obj {
  const { schedulerName } = pod.spec;
  if (!isOurs(pod)) return { schedulerName, result: 'OtherScheduler' };
  if (pod.spec.schedulingGates?.length) return { schedulerName, ...conditionOf(pod), result: 'Gated' };
  if (isPending(pod)) {
    const decision = decisionOn(pod, view);
    const result = decision.best.length ? 'Waiting' : 'Unschedulable';
    return { schedulerName, result, ...conditionOf(pod), ...momentOf('Now', view.revision), ...shown(decision) };
  }
  const { nodeName } = pod.spec;
  if (!nodeName) return { schedulerName, result: isFinished(pod) ? 'Finished' : 'Deleting' };
  const common = { schedulerName, nodeName };
  const changes = sinceBinding(pod, view);
  if (!changes) return { ...common, result: 'Scheduled', ...momentOf('Forgotten', view.revision) };
  const [{ type, revision, old }] = changes;
  if (type === 'ADDED' || !old) return { ...common, result: 'AssignedAtCreation' };
  const decision = decisionOn(old, past(view, changes));
  return { ...common, result: 'Scheduled', ...momentOf('BeforeBinding', revision - 1), ...shown(decision, nodeName) };
}

const momentOf = (moment: string, revision: number): Obj => ({ state: { moment, resourceVersion: String(revision) } });

function conditionOf(pod: KubeObject): Obj {
  const said: Obj | undefined = (pod.status?.conditions ?? []).find((c: Obj) => c.type === 'PodScheduled');
  const nominatedNodeName: string | undefined = pod.status?.nominatedNodeName;
  return {
    ...(said?.message && { reason: said.reason, message: said.message }),
    ...(nominatedNodeName && { nominatedNodeName }),
  };
}

const decisionOn = (pod: KubeObject, reader: Reader): Decision => decide(podInfo(pod), new Snapshot(reader), reader);

/** The changes since the one that gave the pod its node, that one first; undefined when the log does not have it any more. */
function sinceBinding({ metadata: { uid }, spec }: KubeObject, view: View): Change[] | undefined {
  const binds = ({ resource, object, old }: Change) =>
    resource === 'pods' && object.metadata.uid === uid && object.spec.nodeName === spec.nodeName && !old?.spec.nodeName;
  for (let span = FIRST_SPAN; span <= EXPLAINED_REVISIONS; span *= SPAN_FACTOR) {
    const from = Math.max(view.compacted, view.revision - span);
    const changes = view.since(from, (resource) => READ.has(resource)) ?? [];
    const at = changes.findIndex(binds);
    if (at >= 0) return changes.slice(at);
    if (from === view.compacted) return undefined;
  }
  return undefined;
}

/** The decision as clients read it. */
function shown({ nodes, best, nominated, everywhere }: Decision, chosen?: string): Obj {
  const names = new Set(best.map((node) => node.name));
  return {
    feasibleNodes: nodes.filter((node) => node.total !== undefined).length,
    totalNodes: nodes.length,
    ...(nominated && { triedFirst: nominated.name }),
    ...(everywhere && { refusedEverywhere: { plugin: everywhere.plugin, reasons: everywhere.reasons } }),
    nodes: nodes.map((node) => nodeOf(node, names, chosen)),
  };
}

function nodeOf({ node: { name }, filters, rejection, scores, total }: NodeDecision, best: Set<string>, chosen?: string): Obj {
  const verdicts = filters.map(({ plugin, rejection: refused }) => ({
    plugin,
    passed: !refused,
    ...(refused && { reasons: refused.reasons }),
  }));
  if (rejection) {
    const { plugin, reasons, code } = rejection;
    return { name, feasible: false, rejection: { plugin, reasons, code }, filters: verdicts };
  }
  if (total === undefined) return { name, examined: false };
  return {
    name,
    feasible: true,
    ...(best.has(name) && { best: true }),
    ...(name === chosen && { chosen: true }),
    total,
    filters: verdicts,
    scores: scores.map(scoreOf),
  };
}

const scoreOf = ({ plugin, raw, normalized, weight }: PluginScore): Obj => ({
  plugin,
  raw,
  normalized,
  weight,
  weighted: normalized * weight,
});
