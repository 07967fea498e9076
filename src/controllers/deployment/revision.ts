import { type KubeObject, type Obj, clone } from '../../lib/json.ts';
import { templateHash } from '../shared/hash.ts';
import { newControllerRef } from '../shared/owners.ts';
import { semanticEqual } from '../shared/semantic.ts';
import {
  allSets,
  annotate,
  change,
  progressing,
  type Rollout,
  recordEvent,
  SETS,
  setProgressing,
  setStatus,
  wantedIn,
} from './rollout.ts';
import { isRolling, maxSurge, progressDeadline, replicasOf } from './spec.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MAX = 'deployment.kubernetes.io/max-replicas';
export const HASH_LABEL = 'pod-template-hash';
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

/** Annotations that belong to one object and are not copied to the other. */
export const PRIVATE = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
  ROLLBACK_TO,
]);
const HISTORY_CHARS = 2000;
const NAME_MAX = 253;

/** EqualIgnoreHash. */
export function sameTemplate(a: Obj | undefined, b: Obj | undefined): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b));
}

export function withoutHash(template: Obj | undefined): Obj {
  const labels = template?.metadata?.labels;
  if (!labels || !(HASH_LABEL in labels)) return template ?? {};
  const { [HASH_LABEL]: _, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/** The revision, an int64; 0 when there is none, undefined when it cannot be read (deploymentutil.Revision). */
export function revisionOf(set: KubeObject): bigint | undefined {
  const text = set.metadata.annotations?.[REVISION];
  return text === undefined ? 0n : parseRevision(text);
}

export function parseRevision(text: string): bigint | undefined {
  const sign = text[0] === '+' ? 1 : 0;
  return /^[+-]?\d+$/.test(text) ? BigInt(text.slice(sign)) : undefined;
}

/**
 * Finds the set of the current template (the oldest of several), and keeps its annotations and the Deployment's revision in step
 * (getNewReplicaSet). Creates no set.
 */
export function syncRevision(r: Rollout): void {
  const found = r.old.findIndex((draft) => sameTemplate(draft.set.spec?.template, r.d.spec?.template));
  if (found < 0) return;
  const fresh = r.old[found];
  r.old = r.old.filter((_, i) => i !== found);
  r.fresh = fresh;
  const annotations = freshAnnotations(r, fresh.set, nextRevision(r));
  const minReadySeconds = r.d.spec?.minReadySeconds ?? 0;
  const annotated = Object.keys(annotations).length > 0;
  if (annotated || (fresh.set.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
    const next = annotated ? annotate(fresh.set, annotations) : fresh.set;
    change(fresh, { ...next, spec: { ...next.spec, minReadySeconds } });
  }
  setRevision(r, fresh.set.metadata.annotations?.[REVISION] ?? '');
  if (progressDeadline(r.d) !== undefined && !progressing(r)) {
    setProgressing(r, 'True', 'FoundNewReplicaSet', `Found new replica set "${fresh.set.metadata.name}"`);
  }
}

/** Creates the set of the current template if there is none. False when another template has taken its name: a collision. */
export function createFresh(r: Rollout): boolean {
  if (r.fresh) return true;
  const set = buildFresh(r);
  const taken = r.view.get(SETS, set.metadata.namespace ?? '', set.metadata.name);
  if (taken) {
    setStatus(r, { ...r.d.status, collisionCount: (r.d.status?.collisionCount ?? 0) + 1 });
    return false;
  }
  const revision = String(nextRevision(r));
  r.fresh = { set, state: 'created' };
  set.spec.replicas = freshReplicas(r);
  if (set.spec.replicas > 0) {
    recordEvent(r, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${set.metadata.name} from 0 to ${set.spec.replicas}`);
  }
  setRevision(r, revision);
  if (progressDeadline(r.d) !== undefined) {
    setProgressing(r, 'True', 'NewReplicaSetCreated', `Created new replica set "${set.metadata.name}"`);
  }
  return true;
}

function buildFresh(r: Rollout): KubeObject {
  const { d } = r;
  const hash = templateHash(d.spec?.template ?? {}, d.status?.collisionCount);
  const template = clone(d.spec?.template ?? {});
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [HASH_LABEL]: hash } };
  const selector = clone(d.spec?.selector ?? {});
  selector.matchLabels = { ...selector.matchLabels, [HASH_LABEL]: hash };
  const set = {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: {
      name: setName(d.metadata.name, hash),
      namespace: d.metadata.namespace,
      labels: { ...template.metadata.labels },
      ownerReferences: [newControllerRef(d)],
    },
    spec: { replicas: 0, ...(d.spec?.minReadySeconds && { minReadySeconds: d.spec.minReadySeconds }), selector, template },
  } as unknown as KubeObject;
  const sizes = replicaAnnotations(d);
  return annotate(set, { ...freshAnnotations(r, set, nextRevision(r)), ...sizes });
}

/** generateReplicaSetName. */
function setName(deployment: string, hash: string): string {
  return `${deployment.slice(0, NAME_MAX - 1 - hash.length)}-${hash}`;
}

function nextRevision(r: Rollout): bigint {
  const last = r.old.reduce((max, { set }) => {
    const revision = revisionOf(set) ?? 0n;
    return revision > max ? revision : max;
  }, 0n);
  return last + 1n;
}

function setRevision(r: Rollout, revision: string): void {
  if (r.d.metadata.annotations?.[REVISION] !== revision) r.d = annotate(r.d, { [REVISION]: revision });
}

export function replicaAnnotations(d: KubeObject): Record<string, string> {
  return { [DESIRED]: String(replicasOf(d)), [MAX]: String(replicasOf(d) + maxSurge(d)) };
}

/**
 * The annotations that SetNewReplicaSetAnnotations would change on the set: copies of the Deployment's, the revision, the history of revisions.
 */
function freshAnnotations(r: Rollout, set: KubeObject, revision: bigint): Record<string, string> {
  const had = set.metadata.annotations ?? {};
  const changes: Record<string, string> = {};
  for (const [key, value] of Object.entries(r.d.metadata.annotations ?? {})) {
    if (!PRIVATE.has(key) && had[key] !== value) changes[key] = value;
  }
  const old = revisionOf(set);
  if (old === undefined || old >= revision) return changes;
  changes[REVISION] = String(revision);
  if (had[REVISION] !== undefined) {
    const history = appendHistory(had[HISTORY] ?? '', had[REVISION]);
    if (history !== had[HISTORY]) changes[HISTORY] = history;
  }
  return changes;
}

/** The revision history with one more entry; the oldest are dropped when it grows too long. */
function appendHistory(history: string, revision: string): string {
  if (!history) return revision;
  const kept = history.split(',');
  let length = history.length + revision.length + 1;
  while (length > HISTORY_CHARS && kept.length) length -= (kept.shift() ?? '').length + 1;
  return length <= HISTORY_CHARS ? [...kept, revision].join(',') : history;
}

/** NewRSNewReplicas: as many as surge allows, no more than wanted. */
export function freshReplicas(r: Rollout): number {
  const wanted = replicasOf(r.d);
  if (!isRolling(r.d)) return wanted;
  const current = r.fresh ? replicasOf(r.fresh.set) : 0;
  const room = wanted + maxSurge(r.d) - wantedIn(allSets(r));
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}
