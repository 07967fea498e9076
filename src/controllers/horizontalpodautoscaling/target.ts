import { parseSelector, type Requirement } from '../../api/machinery/labels.ts';
import { type Kind, resourceOf, type Resource } from '../../api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import { sizeOf } from '../../registry/strategies/scale.ts';
import type { View } from '../../registry/view.ts';
import { groupOf } from '../shared/owners.ts';

/** The scale of what a HorizontalPodAutoscaler points at. */
export interface Target {
  resource: Resource;
  object: KubeObject;
  /** spec.replicas and status.replicas. */
  replicas: number;
  current: number;
  /** The selector of its pods, in text. */
  selector: string;
}

/** Kinds of a group and name, in any version: a reference's version is not looked at. */
function kindsOf(view: View, group: string, name: string): Kind[] {
  const serves = (kind: Kind) =>
    kind.group === group || (kind.versions ?? []).some((served) => served.group === group && !served.deprecated);
  return view.kinds.filter((kind) => kind.kind === name && serves(kind));
}

/** The target's scale, or why there is none, in the words of upstream's clients. */
export function targetOf(hpa: KubeObject, view: View): Target | { error: string } {
  const { apiVersion = '', kind: kindName = '', name = '' }: Obj = hpa.spec.scaleTargetRef ?? {};
  if (apiVersion.split('/').length > 2) return { error: `unexpected GroupVersion string: ${apiVersion}` };
  const group = groupOf(apiVersion);
  const kinds = kindsOf(view, group, kindName);
  if (!kinds.length)
    return { error: group ? `no matches for kind "${kindName}" in group "${group}"` : `no matches for kind "${kindName}"` };
  let error: string | undefined;
  for (const kind of kinds) {
    const resource = resourceOf(kind);
    const object = view.get(resource, kind.namespaced ? (hpa.metadata.namespace ?? '') : '', name);
    if (kind.scale && object) {
      const { replicas, current, selector } = sizeOf(kind.scale, object);
      return { resource, object, replicas, current, selector };
    }
    const shown = kind.group ? `${kind.resource}.${kind.group}` : kind.resource;
    error ??= kind.scale ? `${shown} "${name}" not found` : 'the server could not find the requested resource';
  }
  return { error: error ?? 'unrecognized resource' };
}

/** The write that gives the target another size, at its /scale. */
export function rescale({ resource, object }: Target, replicas: number): Action {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const scale = {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion },
    spec: { replicas },
  };
  return { verb: 'update', resource, subresource: 'scale', object: scale };
}

/** The requirements of a selector in text, or why it has none. */
export function requirementsOf(text: string): readonly Requirement[] | { error: string } {
  try {
    return parseSelector(text);
  } catch (error) {
    return { error: (error as Error).message };
  }
}
