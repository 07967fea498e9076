import type { KubeObject } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse } from '../plugin.ts';

/** Priority: the number behind a pod's priority class, and one default class at most. */

const CLASSES = 'scheduling.k8s.io/priorityclasses';

function defaultClass(cluster: ClusterObjects): KubeObject | undefined {
  let found: KubeObject | undefined;
  for (const candidate of cluster.objects(CLASSES)) {
    if (candidate.globalDefault && (!found || found.value > candidate.value)) found = candidate;
  }
  return found;
}

function admitPod(request: AdmissionRequest, cluster: ClusterObjects): void {
  const { spec } = request.object as KubeObject;
  if (request.operation === 'UPDATE') {
    const before = request.old?.spec;
    if (spec.priority === undefined && before?.priority !== undefined) spec.priority = before.priority;
    if (spec.preemptionPolicy === undefined && before?.preemptionPolicy !== undefined)
      spec.preemptionPolicy = before.preemptionPolicy;
    return;
  }
  const named: string | undefined = spec.priorityClassName;
  const found = named ? cluster.object(CLASSES, '', named) : defaultClass(cluster);
  if (named && !found) throw refuse(request, `no PriorityClass with name ${named} was found`);
  if (found) spec.priorityClassName = found.metadata.name;
  const value: number = found?.value ?? 0;
  const policy: string | undefined = found ? found.preemptionPolicy : 'PreemptLowerPriority';
  const computed = (what: string) =>
    `must not be provided in pod spec; priority admission controller computed ${what} from the given PriorityClass name`;
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refuse(request, `the integer value of priority (${spec.priority}) ${computed(String(value))}`);
  }
  spec.priority = value;
  if (policy === undefined) return;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw refuse(request, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${computed(policy)}`);
  }
  spec.preemptionPolicy = policy;
}

export const priority: Plugin = {
  name: 'Priority',
  operations: ['CREATE', 'UPDATE'],
  resources: ['pods', CLASSES],
  mutate(request, cluster) {
    if (request.kind.kind === 'Pod' && !request.subresource) admitPod(request, cluster);
  },
  review(request, cluster) {
    if (request.kind.kind !== 'PriorityClass' || !request.object?.globalDefault) return;
    const existing = defaultClass(cluster);
    if (!existing || (request.operation === 'UPDATE' && existing.metadata.name === request.object.metadata.name)) return;
    const { name } = existing.metadata;
    throw refuse(request, `PriorityClass ${name} is already marked as default. Only one default can exist`);
  },
};
