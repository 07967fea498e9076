import type { KubeObject } from '../../lib/json.ts';
import { byObject, type Key, type Mapping } from '../../reconcile/plan.ts';
import type { Change, IndexDefinition, View } from '../../registry/view.ts';
import { groupOf } from '../shared/owners.ts';

export const HPAS = 'autoscaling/horizontalpodautoscalers';
/** Changes of pods are looked at together, after this, ms. */
const PODS_MS = 1000;

const NONE: Key[] = [];

const keyOf = ({ metadata }: KubeObject): Key => ({ namespace: metadata.namespace ?? '', name: metadata.name });
const addressOf = (apiVersion: string, kind: string, namespace: string, name: string): string =>
  `${groupOf(apiVersion)}|${kind}|${namespace}|${name}`;

/** Autoscalers by what they scale, and how many there are in each namespace. */
interface Targets {
  byTarget: Map<string, Set<string>>;
  byNamespace: Map<string, number>;
}

/** Who scales what: so that a change of any object costs one look into a map. */
export const scaleTargets: IndexDefinition<Targets> = {
  name: 'scale-targets',
  resources: [HPAS],
  build: (view) => {
    const state: Targets = { byTarget: new Map(), byNamespace: new Map() };
    for (const hpa of view.list(HPAS)) enter(state, hpa);
    return state;
  },
  apply: (state, { type, object, old }) => {
    if (old) leave(state, old);
    if (type !== 'DELETED') enter(state, object);
    else if (!old) leave(state, object);
  },
};

const targetOf = ({ metadata, spec }: KubeObject): string => {
  const { apiVersion = '', kind = '', name = '' } = spec?.scaleTargetRef ?? {};
  return addressOf(apiVersion, kind, metadata.namespace ?? '', name);
};

function enter({ byTarget, byNamespace }: Targets, hpa: KubeObject): void {
  const { namespace = '', name } = hpa.metadata;
  const target = targetOf(hpa);
  byTarget.set(target, (byTarget.get(target) ?? new Set()).add(name));
  byNamespace.set(namespace, (byNamespace.get(namespace) ?? 0) + 1);
}

function leave({ byTarget, byNamespace }: Targets, hpa: KubeObject): void {
  const { namespace = '', name } = hpa.metadata;
  const target = targetOf(hpa);
  const names = byTarget.get(target);
  names?.delete(name);
  if (!names?.size) byTarget.delete(target);
  const left = (byNamespace.get(namespace) ?? 1) - 1;
  if (left > 0) byNamespace.set(namespace, left);
  else byNamespace.delete(namespace);
}

/** The autoscalers of a target that changed. */
function ofTarget({ object }: Change, view: View): Key[] {
  const { byTarget } = view.index(scaleTargets);
  if (!byTarget.size) return NONE;
  const { namespace = '', name } = object.metadata;
  const names = byTarget.get(addressOf(object.apiVersion, object.kind, namespace, name));
  return names ? [...names].map((hpa) => ({ namespace, name: hpa })) : NONE;
}

/** All of a namespace: whose a pod is depends on the selector of the target. */
function ofPod({ object }: Change, view: View): Key[] {
  const { namespace = '' } = object.metadata;
  return view.index(scaleTargets).byNamespace.has(namespace) ? view.list(HPAS, namespace).map(keyOf) : NONE;
}

/** A node may say how its pods behave. */
function ofNode({ object, old, type }: Change, view: View): Key[] {
  if (!view.index(scaleTargets).byNamespace.size) return NONE;
  const isSame = JSON.stringify(object.metadata.annotations) === JSON.stringify(old?.metadata.annotations);
  return type === 'MODIFIED' && isSame ? NONE : view.list(HPAS).map(keyOf);
}

export const watches: Mapping[] = [
  byObject(HPAS),
  { resource: '*', except: ['pods', 'nodes', 'events', HPAS], keys: ofTarget },
  { resource: 'pods', keys: ofPod, afterMs: PODS_MS },
  { resource: 'nodes', keys: ofNode, afterMs: PODS_MS },
];
