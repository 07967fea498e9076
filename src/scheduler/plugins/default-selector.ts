import { fromLabelSelector, fromMap, NOTHING, type Requirement } from '../../api/machinery/labels.ts';
import type { Reader } from '../../registry/view.ts';
import type { PodInfo } from '../pod-info.ts';

const NONE: readonly Requirement[] = [];

/**
 * The selector of the pods to spread this one from: those that its Services and its controller select (plugins/helper spread.go
 * DefaultSelector).
 */
export function defaultSelector(pod: PodInfo, view: Reader): readonly Requirement[] {
  let map: Record<string, string> | undefined;
  for (const service of view.list('services', pod.namespace)) {
    const selector: Record<string, string> | undefined = service.spec?.selector;
    if (selector && covers(selector, pod.labels)) map = { ...map, ...selector };
  }
  const owner = pod.pod.metadata.ownerReferences?.find((ref) => ref.controller);
  if (!owner) return map ? fromMap(map) : NONE;
  if (owner.kind === 'ReplicationController' && owner.apiVersion === 'v1') {
    return fromMap({ ...map, ...view.get('replicationcontrollers', pod.namespace, owner.name)?.spec?.selector });
  }
  const services = map ? fromMap(map) : NONE;
  if (owner.apiVersion !== 'apps/v1' || (owner.kind !== 'ReplicaSet' && owner.kind !== 'StatefulSet')) return services;
  const set = view.get(owner.kind === 'ReplicaSet' ? 'apps/replicasets' : 'apps/statefulsets', pod.namespace, owner.name);
  const own = fromLabelSelector(set?.spec?.selector);
  return own === NOTHING ? services : [...services, ...own];
}

function covers(selector: Record<string, string>, labels: Record<string, string>): boolean {
  for (const key in selector) if (labels[key] !== selector[key]) return false;
  return true;
}
