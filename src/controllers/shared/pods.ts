import { podCondition } from '../../api/core/pod/conditions.ts';
import { parseTime } from '../../api/machinery/time.ts';
import { type KubeObject, type Obj, clone } from '../../lib/json.ts';
import { type Random, suffix } from '../../lib/random.ts';
import { newControllerRef } from './owners.ts';

/** Longest pod name (DNS-1123 subdomain). */
const NAME_MAX = 253;
/** Characters that generateName appends, and the longest base it keeps (names.SimpleNameGenerator). */
const SUFFIX = 5;
const BASE_MAX = 63 - SUFFIX;

/** Whether a pod has neither ended nor is being deleted (controller.IsPodActive). */
export function isActive(pod: KubeObject): boolean {
  return !pod.metadata.deletionTimestamp && !isTerminal(pod);
}

/** Whether a pod has ended: Succeeded or Failed. */
export function isTerminal(pod: KubeObject): boolean {
  const phase = pod.status?.phase;
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Whether a pod is being deleted and has not ended (controller.IsPodTerminating). */
export function isTerminating(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isTerminal(pod);
}

/** The time from which the pod counts as available (podutil.IsPodAvailable), ms; undefined while it is not ready. */
export function availableAt(pod: KubeObject, minReadySeconds: number): number | undefined {
  const ready = podCondition(pod, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (!minReadySeconds) return 0;
  const since = ready.lastTransitionTime ? parseTime(ready.lastTransitionTime) : Number.NaN;
  return Number.isNaN(since) ? undefined : since + minReadySeconds * 1000;
}

/** A pod of a template and its owner (controller.GetPodFromTemplate), without a name. */
export function podFromTemplate(template: Obj, owner: KubeObject): KubeObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const metadata: Obj = { generateName: podPrefix(owner.metadata.name), namespace: owner.metadata.namespace };
  if (labels) metadata.labels = { ...labels };
  if (annotations) metadata.annotations = { ...annotations };
  metadata.ownerReferences = [newControllerRef(owner)];
  if (finalizers?.length) metadata.finalizers = [...finalizers];
  return { kind: 'Pod', apiVersion: 'v1', metadata, spec: clone(template.spec) } as unknown as KubeObject;
}

/** The prefix of pod names: "owner-" unless that makes no valid name. */
export function podPrefix(owner: string): string {
  return owner.length + 1 > NAME_MAX ? owner : `${owner}-`;
}

/**
 * A name as generateName makes it. Controllers choose it themselves because the Event of a creation contains it; `taken` holds
 * the existing names of this prefix.
 */
export function generatedName(prefix: string, random: Random, taken: Set<string>): string {
  const base = prefix.slice(0, BASE_MAX);
  for (;;) {
    const name = base + suffix(random, SUFFIX);
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}
