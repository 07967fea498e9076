import { isPodLevelResource, isRestartable } from '../api/core/pod/resources.ts';
import { milli, quantity, value } from '../api/machinery/quantity.ts';
import type { Obj } from '../lib/json.ts';

/** Amounts by resource name: CPU in thousandths, everything else in whole units. Plain numbers, since this is the hot path. */
export type Amounts = Map<string, number>;

/**
 * Assumed requests of a container without requests, for scoring (scheduler/util DefaultMilliCPURequest,
 * DefaultMemoryRequest).
 */
const NON_ZERO: Record<string, number> = { cpu: 100, memory: 200 * 1024 * 1024 };

/** One quantity as an amount. */
export const amountOf = (name: string, text: string): number => (name === 'cpu' ? milli(quantity(text)) : value(quantity(text)));

/** A resource list as amounts. */
export function amounts(list: Record<string, string> | undefined): Amounts {
  const out: Amounts = new Map();
  for (const name in list) out.set(name, amountOf(name, list[name]));
  return out;
}

function add(into: Amounts, more: Amounts): void {
  for (const [name, n] of more) into.set(name, (into.get(name) ?? 0) + n);
}

function raise(into: Amounts, other: Amounts): void {
  for (const [name, n] of other) if (n > (into.get(name) ?? 0)) into.set(name, n);
}

function ofContainer(container: Obj, nonZero: boolean): Amounts {
  const out = amounts(container.resources?.requests);
  if (nonZero) for (const name in NON_ZERO) if (!out.has(name)) out.set(name, NON_ZERO[name]);
  return out;
}

/**
 * Requests of a pod (component-helpers resource.PodRequests): the sum of its containers and sidecars or the maximum during its
 * initialisation, whichever is more; requests of the pod itself win; overhead comes on top. `nonZero` fills in what containers
 * leave out.
 */
export function podAmounts(spec: Obj, nonZero: boolean): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers ?? []) add(total, ofContainer(container, nonZero));
  if (spec.initContainers?.length) initialisation(spec.initContainers, total, nonZero);
  const own = spec.resources?.requests;
  for (const name in own) if (isPodLevelResource(name)) total.set(name, amountOf(name, own[name]));
  if (spec.overhead) add(total, amounts(spec.overhead));
  return total;
}

function initialisation(containers: Obj[], total: Amounts, nonZero: boolean): void {
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of containers) {
    const own = ofContainer(container, nonZero);
    if (isRestartable(container)) {
      add(total, own);
      add(sidecars, own);
      raise(peak, sidecars);
    } else {
      add(own, sidecars);
      raise(peak, own);
    }
  }
  raise(total, peak);
}
