import { matches, type Requirement } from '../api/machinery/labels.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { SELECTOR_COUNTERS_PER_NODE } from './limits.ts';
import { type HostPort, type PodInfo, scoresOthers } from './pod-info.ts';
import { type Amounts, amounts } from './resources.ts';

const ANY_IP = '0.0.0.0';
const NO_LABELS: Record<string, string> = Object.freeze({});

interface Counter {
  namespace: string;
  selector: readonly Requirement[];
  count: number;
}

/** Whether two pods cannot have their ports on one node: addresses are equal or one of them is every address. */
export const conflict = (wanted: readonly HostPort[], used: readonly HostPort[]): boolean =>
  wanted.some((want) =>
    used.some(
      ({ ip, port, protocol }) =>
        port === want.port && protocol === want.protocol && (ip === want.ip || ip === ANY_IP || want.ip === ANY_IP),
    ),
  );

/** A node and its pods, updated with every pod that is added or removed. */
export class NodeInfo {
  readonly name: string;
  /** Undefined while pods name a node that does not exist. */
  node: KubeObject | undefined;
  labels: Record<string, string> = NO_LABELS;
  taints: Obj[] = [];
  allocatable: Amounts = new Map();
  readonly pods = new Map<string, PodInfo>();
  readonly requested: Amounts = new Map();
  readonly nonZero: Amounts = new Map();
  /** Images on the node: name -> bytes. */
  images = new Map<string, number>();
  /** Pods whose terms are scores for others. */
  withAffinity = 0;
  /** Pods whose terms may exclude others. */
  withAntiAffinity = 0;
  #ports: HostPort[] = [];
  readonly #counters = new Map<string, Counter>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: KubeObject | undefined): void {
    this.node = node;
    this.labels = node?.metadata.labels ?? NO_LABELS;
    this.taints = node?.spec?.taints ?? [];
    this.allocatable = amounts(node?.status?.allocatable);
    this.images = new Map();
    for (const image of node?.status?.images ?? [])
      for (const name of image.names ?? []) this.images.set(name, image.sizeBytes ?? 0);
  }

  add(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    this.#account(pod, 1);
    if (pod.ports.length) this.#ports.push(...pod.ports);
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid);
    if (!pod) return;
    this.pods.delete(uid);
    this.#account(pod, -1);
    if (pod.ports.length) this.#ports = [...this.pods.values()].flatMap((p) => p.ports);
  }

  #account(pod: PodInfo, by: 1 | -1): void {
    for (const [name, n] of pod.requests) this.requested.set(name, (this.requested.get(name) ?? 0) + by * n);
    for (const [name, n] of pod.nonZero) this.nonZero.set(name, (this.nonZero.get(name) ?? 0) + by * n);
    if (scoresOthers(pod)) this.withAffinity += by;
    if (pod.affinity.requiredAnti.length) this.withAntiAffinity += by;
    if (pod.terminating) return;
    for (const counter of this.#counters.values()) {
      if (counter.namespace === pod.namespace && matches(counter.selector, pod.labels)) counter.count += by;
    }
  }

  /** Pods of the namespace that the selector matches, terminating ones left out; counted once, then kept up to date. */
  count(key: string, namespace: string, selector: readonly Requirement[]): number {
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = { namespace, selector, count: 0 };
      for (const pod of this.pods.values()) {
        if (!pod.terminating && pod.namespace === namespace && matches(selector, pod.labels)) counter.count++;
      }
      if (this.#counters.size >= SELECTOR_COUNTERS_PER_NODE) this.#counters.clear();
      this.#counters.set(key, counter);
    }
    return counter.count;
  }

  /** Whether one of the ports is taken. */
  portsTaken(wanted: readonly HostPort[]): boolean {
    return conflict(wanted, this.#ports);
  }

  /** A copy of the node, for simulations. */
  copy(): NodeInfo {
    const out = new NodeInfo(this.name);
    out.setNode(this.node);
    for (const pod of this.pods.values()) out.add(pod);
    return out;
  }
}
