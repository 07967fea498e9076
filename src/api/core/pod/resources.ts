/** Resource lists of pods: sums over containers and the quality-of-service class. */
import type { Obj } from '../../../lib/json.ts';
import { add, cmp, type Quantity, quantity, sign } from '../../machinery/quantity.ts';

/** Resource name -> quantity, parsed. */
export type Quantities = Map<string, Quantity>;

const POD_LEVEL = new Set(['cpu', 'memory']);

/** A name that may stand in spec.resources of a pod (component-helpers IsSupportedPodLevelResource). */
export const isPodLevelResource = (name: string): boolean => POD_LEVEL.has(name) || isHugePages(name);
/** hugepages-<size> */
export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** A name of Kubernetes' own (unqualified, or under kubernetes.io/). */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** Limits may exceed requests (helper IsOvercommitAllowed). */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

/** An init container that keeps running beside the others: a sidecar. */
export const isRestartable = (container: Obj): boolean => container.restartPolicy === 'Always';

function addList(into: Quantities, list: Record<string, string> | Quantities | undefined): void {
  if (!list) return;
  const entries = list instanceof Map ? list : Object.entries(list).map(([name, text]) => [name, quantity(text)] as const);
  for (const [name, more] of entries) {
    const have = into.get(name);
    into.set(name, have ? add(have, more) : more);
  }
}

function maxList(into: Quantities, list: Quantities): void {
  for (const [name, other] of list) {
    const have = into.get(name);
    if (!have || cmp(other, have) > 0) into.set(name, other);
  }
}

/** Sum of the resources of all containers of a pod, init containers and sidecars counted as upstream does (AggregateContainerRequests/Limits). */
export function aggregate(spec: Obj, side: 'requests' | 'limits'): Quantities {
  const total: Quantities = new Map();
  for (const container of spec.containers ?? []) addList(total, container.resources?.[side]);
  if (!spec.initContainers?.length) return total;
  const sidecars: Quantities = new Map();
  const most: Quantities = new Map();
  for (const container of spec.initContainers) {
    const own = container.resources?.[side];
    if (isRestartable(container)) {
      addList(total, own);
      addList(sidecars, own);
      maxList(most, sidecars);
    } else {
      const sum: Quantities = new Map();
      addList(sum, own);
      addList(sum, sidecars);
      maxList(most, sum);
    }
  }
  maxList(total, most);
  return total;
}

function positives(list: Record<string, string> | undefined, into: Quantities): number {
  let found = 0;
  for (const name of POD_LEVEL) {
    const text = list?.[name];
    const q = text === undefined ? undefined : quantity(text);
    if (!q || sign(q) <= 0) continue;
    found++;
    const have = into.get(name);
    into.set(name, have ? add(have, q) : q);
  }
  return found;
}

/** Guaranteed, Burstable or BestEffort (core/helper/qos ComputePodQOS). */
export function qosClass(spec: Obj): string {
  const requests: Quantities = new Map();
  const limits: Quantities = new Map();
  let guaranteed = true;
  const holders: Obj[] = spec.resources ? [spec] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const holder of holders) {
    positives(holder.resources?.requests, requests);
    const limited = positives(holder.resources?.limits, limits);
    const exempt = spec.resources && !Object.keys(spec.resources.limits ?? {}).length;
    if (limited < POD_LEVEL.size && !exempt) guaranteed = false;
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  for (const [name, q] of requests) {
    const limit = limits.get(name);
    if (!limit || cmp(limit, q) !== 0) guaranteed = false;
  }
  return guaranteed && requests.size === limits.size ? 'Guaranteed' : 'Burstable';
}
