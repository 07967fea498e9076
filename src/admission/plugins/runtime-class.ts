import { sentEmpty } from '../../api/machinery/decode-fast.ts';
import { failure } from '../../api/machinery/status-errors.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, nameProblem } from '../plugin.ts';

/** RuntimeClass: a pod takes over the overhead and the scheduling demands of its class. */

function classOf(request: AdmissionRequest, cluster: ClusterObjects): KubeObject | undefined {
  const name: string | undefined = request.object?.spec.runtimeClassName;
  if (name === undefined) return undefined;
  const found = cluster.object('node.k8s.io/runtimeclasses', '', name);
  if (found) return found;
  const why = nameProblem(name);
  throw why ? failure(500, '', why) : refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}

const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

function setOverhead(request: AdmissionRequest, spec: Obj, fixed: Obj): void {
  if (spec.overhead && Object.keys(spec.overhead).length && !equal(spec.overhead, fixed)) throw refuse(request, MISMATCH);
  spec.overhead = { ...fixed };
}

function setScheduling(request: AdmissionRequest, spec: Obj, scheduling: Obj): void {
  const selector: Record<string, string> = scheduling.nodeSelector ?? {};
  const own: Record<string, string> = spec.nodeSelector ?? {};
  for (const key in selector) {
    if (own[key] === undefined || own[key] === selector[key]) continue;
    const theirs = `runtimeClass.scheduling.nodeSelector[${key}] = ${selector[key]}`;
    throw refuse(request, `conflict: ${theirs}; pod.spec.nodeSelector[${key}] = ${own[key]}`);
  }
  if (Object.keys(selector).length) spec.nodeSelector = { ...own, ...selector };
  const merged: Obj[] = [...(spec.tolerations ?? [])];
  for (const toleration of scheduling.tolerations ?? []) if (!merged.some((t) => equal(t, toleration))) merged.push(toleration);
  if (merged.length) spec.tolerations = merged;
}

export const runtimeClass: Plugin = {
  name: 'RuntimeClass',
  operations: ['CREATE'],
  resources: ['pods'],
  mutate(request, cluster) {
    if (request.subresource || !request.object) return;
    const found = classOf(request, cluster);
    if (found?.overhead) setOverhead(request, request.object.spec, found.overhead.podFixed ?? {});
    if (found?.scheduling) setScheduling(request, request.object.spec, found.scheduling);
  },
  review(request, cluster) {
    if (request.subresource || !request.object) return;
    const { spec } = request.object;
    const overhead = spec.overhead ?? sentEmpty(spec, 'overhead');
    const found = classOf(request, cluster);
    if (found?.overhead) {
      if (!equal(overhead ?? {}, found.overhead.podFixed ?? {})) throw refuse(request, MISMATCH);
    } else if (overhead)
      throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  },
};
