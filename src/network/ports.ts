import { invalid } from '../api/machinery/field-errors.ts';
import { internalError, invalidError } from '../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Registry } from '../registry/registry.ts';
import type { AllocationCx } from './addresses.ts';

/** Node ports (registry/core/service/portallocator): which are taken is derived from the Services themselves. */

const FIRST = 30_000;
const LAST = 32_767;
/** The low band is left to static requests: min(max(16, size / 32), 128). */
const DYNAMIC = FIRST + Math.floor((LAST - FIRST + 1) / 32);
const ALLOCATED = 'provided port is already allocated';
const OUT_OF_RANGE = `provided port is not in the valid range. The range of valid ports is ${FIRST}-${LAST}`;
/** Where upstream's dry runs start counting; it does not look for a free port. */
const DRY_RUN_BASE = 32_768;

export const portsOf = (service: Obj): number[] => {
  const ports: number[] = (service.spec?.ports ?? []).map((p: Obj) => p.nodePort).filter(Boolean);
  return service.spec?.healthCheckNodePort ? [...ports, service.spec.healthCheckNodePort] : ports;
};

/** Ports in use, kept up with the log. Droppable: rebuilt from the Services when it cannot follow. */
interface Memo {
  revision: number;
  /** The log row at `revision`, to notice that a rolled back transaction wrote it. */
  stamp: string | undefined;
  /** Port -> how many Services (or ports of one) hold it. */
  used: Map<number, number>;
}

const memos = new WeakMap<Registry['store'], Memo>();

function count(used: Map<number, number>, json: string, by: 1 | -1): void {
  for (const port of new Set(portsOf(JSON.parse(json)))) {
    const n = (used.get(port) ?? 0) + by;
    if (n > 0) used.set(port, n);
    else used.delete(port);
  }
}

/** The ports in use now: O(changes since the last call), not O(Services). */
function usedPorts(registry: Registry): Map<number, number> {
  const { store } = registry;
  const revision = store.revision();
  let memo = memos.get(store);
  const follows =
    memo && memo.revision <= revision && memo.revision >= store.compacted() && store.at(memo.revision)?.json === memo.stamp;
  if (!memo || !follows) {
    memo = { revision, stamp: store.at(revision)?.json, used: new Map() };
    for (const row of store.list({ resource: 'services' })) count(memo.used, row.json, 1);
    memos.set(store, memo);
    return memo.used;
  }
  if (memo.revision === revision) return memo.used;
  for (const row of store.after(memo.revision, { resource: 'services' })) {
    const before = row.prev === undefined ? undefined : store.at(row.prev);
    if (row.prev !== undefined && !before) {
      memos.delete(store);
      return usedPorts(registry);
    }
    if (before) count(memo.used, before.json, -1);
    if (row.type !== 'DELETED') count(memo.used, row.json, 1);
  }
  memo.revision = revision;
  memo.stamp = store.at(revision)?.json;
  return memo.used;
}

/** The ports that one request takes. */
export class PortOperation {
  readonly #registry: Registry;
  readonly #cx: AllocationCx;
  readonly #service: KubeObject;
  readonly #seed: number;
  readonly #taken: number[] = [];

  constructor(service: KubeObject, seed: number, registry: Registry, cx: AllocationCx) {
    this.#service = service;
    this.#seed = seed;
    this.#registry = registry;
    this.#cx = cx;
  }

  /** Takes one port; says why not. */
  take(port: number): string | undefined {
    if (!this.#cx.dryRun && (port < FIRST || port > LAST)) return OUT_OF_RANGE;
    if (this.#taken.includes(port) || usedPorts(this.#registry).has(port)) return ALLOCATED;
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
    const used = usedPorts(this.#registry);
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
