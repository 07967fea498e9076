import { invalid } from '../api/machinery/field-errors.ts';
import { internalError, invalidError } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { ClusterObjects } from '../registry/ports.ts';
import type { IndexDefinition, View } from '../registry/view.ts';
import type { AllocationCx } from './addresses.ts';

/** Node ports (registry/core/service/portallocator): the taken ones are derived from the Services themselves. */

const FIRST = 30_000;
const LAST = 32_767;
/** The low band is left to static requests: min(max(16, size / 32), 128). */
const DYNAMIC = FIRST + Math.floor((LAST - FIRST + 1) / 32);
const ALLOCATED = 'provided port is already allocated';
const OUT_OF_RANGE = `provided port is not in the valid range. The range of valid ports is ${FIRST}-${LAST}`;
/** The first port of upstream's dry runs, which do not look for a free one. */
const DRY_RUN_BASE = 32_768;

export const portsOf = (service: Obj): number[] => {
  const ports: number[] = (service.spec?.ports ?? []).map((p: Obj) => p.nodePort).filter(Boolean);
  return service.spec?.healthCheckNodePort ? [...ports, service.spec.healthCheckNodePort] : ports;
};

/** Port -> number of Services that use it. */
type UsedPorts = Map<number, number>;

function count(used: UsedPorts, service: KubeObject | undefined, by: 1 | -1): void {
  if (!service) return;
  for (const port of new Set(portsOf(service))) {
    const n = (used.get(port) ?? 0) + by;
    if (n > 0) used.set(port, n);
    else used.delete(port);
  }
}

const INDEX: IndexDefinition<UsedPorts> = {
  name: 'node ports',
  resources: ['services'],
  build(view) {
    const used: UsedPorts = new Map();
    for (const service of view.list('services')) count(used, service, 1);
    return used;
  },
  apply(used, { type, object, old }) {
    count(used, old, -1);
    if (type !== 'DELETED') count(used, object, 1);
  },
};

/** The node ports that Services use now. */
export const usedPorts = (view: View): ReadonlyMap<number, number> => view.index(INDEX);

/** The ports that one request takes. */
export class PortOperation {
  readonly #cluster: ClusterObjects;
  readonly #cx: AllocationCx;
  readonly #service: KubeObject;
  readonly #seed: number;
  readonly #taken: number[] = [];

  constructor(service: KubeObject, seed: number, cluster: ClusterObjects, cx: AllocationCx) {
    this.#service = service;
    this.#seed = seed;
    this.#cluster = cluster;
    this.#cx = cx;
  }

  /** Takes one port; returns the reason if it cannot. */
  take(port: number): string | undefined {
    if (!this.#cx.dryRun && (port < FIRST || port > LAST)) return OUT_OF_RANGE;
    if (this.#taken.includes(port) || usedPorts(this.#cluster.view).has(port)) return ALLOCATED;
    this.#taken.push(port);
    return undefined;
  }

  /** Takes the port asked for in spec.ports[index], or throws the refusal. */
  request(port: number, index: number): void {
    const why = this.take(port);
    if (why)
      throw invalidError('', 'Service', this.#service.metadata.name ?? '', [invalid(`spec.ports[${index}].nodePort`, port, why)]);
  }

  /** Takes any free port, from the dynamic band first. */
  next(): number {
    if (this.#cx.dryRun) {
      const port = (this.#taken.length ? Math.max(...this.#taken) : DRY_RUN_BASE) + 1;
      this.#taken.push(port);
      return port;
    }
    const used = usedPorts(this.#cluster.view);
    for (const [first, last] of [
      [DYNAMIC, LAST],
      [FIRST, DYNAMIC - 1],
    ] as const) {
      const size = last - first + 1;
      for (let i = 0; i < size; i++) {
        const port = first + ((this.#seed + i) % size);
        if (used.has(port) || this.#taken.includes(port)) continue;
        this.#taken.push(port);
        return port;
      }
    }
    throw internalError('failed to allocate a nodePort: range is full');
  }

  /** The health check's port: the one asked for or any. */
  healthCheck(): void {
    const { spec } = this.#service;
    if (!spec.healthCheckNodePort) {
      spec.healthCheckNodePort = this.next();
      return;
    }
    const why = this.take(spec.healthCheckNodePort);
    if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${why}`);
  }
}
