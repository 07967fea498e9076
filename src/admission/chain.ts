import { type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import type { Admission, AdmissionRequest, ClusterObjects } from '../registry/ports.ts';
import type { Operation, Plugin, PluginPorts } from './plugin.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './plugins/certificates.ts';
import { defaultIngressClass } from './plugins/default-ingress-class.ts';
import { defaultStorageClass } from './plugins/default-storage-class.ts';
import { defaultTolerationSeconds } from './plugins/default-toleration-seconds.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { nodeRestriction } from './plugins/node-restriction.ts';
import { notEnforced } from './plugins/not-enforced.ts';
import { persistentVolumeClaimResize } from './plugins/persistent-volume-claim-resize.ts';
import { podSecurity } from './plugins/pod-security.ts';
import { podTopologyLabels } from './plugins/pod-topology-labels.ts';
import { priority } from './plugins/priority.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { runtimeClass } from './plugins/runtime-class.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { storageObjectInUseProtection } from './plugins/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './plugins/taint-nodes-by-condition.ts';

/**
 * The plugins, in the order of AllOrderedPlugins (kubeapiserver/options/plugins.go), of those that are on by
 * default in 1.36, and NodeRestriction, which every real cluster switches on. NotEnforced is our own.
 */
export const plugins: readonly Plugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  defaultIngressClass,
  podTopologyLabels,
  notEnforced,
  resourceQuota,
];

type Step = 'mutate' | 'review';

/** Runs the plugins that apply to a request; they are selected once per resource and operation. */
export class AdmissionChain implements Admission {
  readonly #ports: PluginPorts;
  readonly #plugins: readonly Plugin[];
  readonly #chosen = new Map<string, Plugin[]>();

  constructor(ports: PluginPorts, table: readonly Plugin[] = plugins) {
    this.#ports = ports;
    this.#plugins = table;
  }

  mutate(request: AdmissionRequest, cluster: ClusterObjects): void {
    for (const plugin of this.#for('mutate', resourceOf(request.kind), request.operation)) {
      plugin.mutate?.(request, cluster, this.#ports);
    }
  }

  review(request: AdmissionRequest, cluster: ClusterObjects): void {
    for (const plugin of this.#for('review', resourceOf(request.kind), request.operation)) {
      plugin.review?.(request, cluster, this.#ports);
    }
  }

  #for(step: Step, resource: Resource, operation: Operation): Plugin[] {
    const key = `${step} ${operation} ${resource}`;
    let chosen = this.#chosen.get(key);
    if (!chosen) {
      chosen = this.#plugins.filter(
        (p) => p[step] && p.operations.includes(operation) && (!p.resources || p.resources.includes(resource)),
      );
      this.#chosen.set(key, chosen);
    }
    return chosen;
  }
}
