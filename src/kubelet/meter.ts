import { isPodReady } from '../api/core/pod/conditions.ts';
import { isVirtual } from '../api/core/virtual-node.ts';
import { parseTime } from '../api/machinery/time.ts';
import type { Meter, NodeSample, PodSample, Use } from '../api/metrics/meter.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { MeterOf, View } from '../registry/view.ts';
import { METRICS_RESOLUTION_MS, METRICS_YOUNGEST_MS } from './limits.ts';
import type { RuntimeTable } from './runtime.ts';
import { runtimeOf } from './runtime-class.ts';

/** What a node uses besides its pods: as much as a kubelet and its neighbours. */
const SYSTEM: Use = { cpu: 50_000_000, memory: 512 * 1024 ** 2 };

/** Measures as metrics-server does, of the pods that the cluster itself executes (SPEC KUB40). */
export const useMeter =
  (runtimes: RuntimeTable): MeterOf =>
  (view, now) =>
    new UseMeter(view, now, runtimes);

interface Running {
  container: Obj;
  startedAt: number;
}

class UseMeter implements Meter {
  readonly #view: View;
  readonly #runtimes: RuntimeTable;
  /** The end of the last window. */
  readonly #at: number;
  readonly #ready = new Map<string, number>();
  #podsOf: Map<string, KubeObject[]> | undefined;

  constructor(view: View, now: number, runtimes: RuntimeTable) {
    this.#view = view;
    this.#runtimes = runtimes;
    this.#at = Math.floor(now / METRICS_RESOLUTION_MS) * METRICS_RESOLUTION_MS;
  }

  pod(pod: KubeObject): PodSample | undefined {
    const view = this.#view;
    const node = pod.spec?.nodeName ? view.get('nodes', '', pod.spec.nodeName) : undefined;
    if (!node || !isVirtual(node)) return undefined;
    const running = runningContainers(pod);
    const youngest = running.reduce((latest, { startedAt }) => Math.max(latest, startedAt), Number.NEGATIVE_INFINITY);
    if (!running.length || youngest > this.#at - METRICS_YOUNGEST_MS) return undefined;
    const runtime = runtimeOf(pod, node, view, this.#runtimes);
    if (!runtime.use) return undefined;
    const workload = workloadOf(pod, view);
    const share = isPodReady(pod) ? 1 / Math.max(1, workload ? this.#readyPods(workload) : 1) : 0;
    let until = Number.POSITIVE_INFINITY;
    const containers = running.map(({ container, startedAt }, i) => {
      const use = runtime.use?.({ pod, node, container, startedAt, workload, share: i ? 0 : share }, this.#at);
      until = Math.min(until, use?.until ?? Number.POSITIVE_INFINITY);
      return { name: container.name as string, cpu: use?.cpu ?? 0, memory: use?.memory ?? 0 };
    });
    return { timestamp: this.#at, windowMs: Math.min(METRICS_RESOLUTION_MS, this.#at - youngest), containers, until };
  }

  node(node: KubeObject): NodeSample | undefined {
    const created = parseTime(node.metadata.creationTimestamp ?? '');
    if (!isVirtual(node) || created > this.#at - METRICS_YOUNGEST_MS) return undefined;
    this.#podsOf ??= Map.groupBy(this.#view.list('pods'), (pod) => (pod.spec?.nodeName as string | undefined) ?? '');
    const use = { ...SYSTEM };
    for (const pod of this.#podsOf.get(node.metadata.name) ?? []) {
      for (const { cpu, memory } of this.pod(pod)?.containers ?? []) {
        use.cpu += cpu;
        use.memory += memory;
      }
    }
    return { timestamp: this.#at, windowMs: METRICS_RESOLUTION_MS, use };
  }

  /** Number of the workload's ready pods, counted once. */
  #readyPods(workload: KubeObject): number {
    const { uid } = workload.metadata;
    let count = this.#ready.get(uid);
    if (count === undefined) {
      const owners = [uid, ...this.#view.ownedBy(uid, 'apps/replicasets').map((set) => set.metadata.uid)];
      const pods = owners.flatMap((owner) => this.#view.ownedBy(owner, 'pods'));
      count = pods.filter((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined).length;
      this.#ready.set(uid, count);
    }
    return count;
  }
}

/** Containers and sidecars that run, first the containers. */
function runningContainers({ spec, status }: KubeObject): Running[] {
  const found: Running[] = [];
  const look = (containers: readonly Obj[] | undefined, statuses: readonly Obj[] | undefined) => {
    for (const container of containers ?? []) {
      const since = statuses?.find(({ name }) => name === container.name)?.state?.running?.startedAt;
      if (since) found.push({ container, startedAt: parseTime(since) });
    }
  };
  look(spec?.containers, status?.containerStatuses);
  look(spec?.initContainers, status?.initContainerStatuses);
  return found;
}

/** The controller of the pod, or the controller of that. */
function workloadOf(pod: KubeObject, view: View): KubeObject | undefined {
  const owner = controllerOf(pod, view);
  return (owner && controllerOf(owner, view)) ?? owner;
}

function controllerOf({ metadata }: KubeObject, view: View): KubeObject | undefined {
  const ref = metadata.ownerReferences?.find(({ controller }) => controller);
  const target = ref && view.resourceOf(ref.apiVersion, ref.kind);
  const found = target && view.get(target.resource, target.namespaced ? (metadata.namespace ?? '') : '', ref.name);
  return found?.metadata.uid === ref?.uid ? found : undefined;
}
