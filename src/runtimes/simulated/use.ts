import { parseTime } from '../../api/machinery/time.ts';
import { quantity } from '../../api/machinery/quantity.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { ContainerUse, RunningContainer } from '../../kubelet/runtime.ts';
import { SIMULATE } from './behaviour.ts';
import { parseCourse, useAt } from './course.ts';

/** On a pod's controller, or on the controller of that: what all of its ready pods use together, besides their own use (SPEC SIM22). */
export const LOAD = 'atoll.dev/load';

interface Measure {
  resource: 'cpu' | 'memory';
  /** The unit is 10^-digits. */
  digits: number;
  /** Use of a container that requests nothing. */
  least: number;
  /** Use of one that does, as the part of its request. */
  usual: string;
}

const CPU: Measure = { resource: 'cpu', digits: 9, least: 1_000_000, usual: '5%' };
const MEMORY: Measure = { resource: 'memory', digits: 0, least: 16 * 1024 ** 2, usual: '25%' };

/** The use that the annotations ask for: a pure function of pod, node, controller and time. */
export function use(running: RunningContainer, at: number): ContainerUse {
  const own = annotation(running.pod, SIMULATE) ?? annotation(running.node, SIMULATE) ?? {};
  const load = (running.workload && annotation(running.workload, LOAD)) ?? {};
  const cpu = measure(CPU, running, { own, load }, at);
  const memory = measure(MEMORY, running, { own, load }, at);
  return { cpu: cpu.use, memory: memory.use, until: Math.min(cpu.until, memory.until) };
}

function annotation({ metadata }: KubeObject, name: string): Obj | undefined {
  const text = metadata.annotations?.[name];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? (value as Obj) : {};
  } catch {
    return {};
  }
}

function measure(
  { resource, digits, least, usual }: Measure,
  { pod, container, startedAt, workload, share }: RunningContainer,
  asked: { own: Obj; load: Obj },
  at: number,
): { use: number; until: number } {
  const { requests = {}, limits = {} }: Obj = container.resources ?? {};
  const requested = amountOf(requests[resource] ?? limits[resource], digits);
  const wanted = asked.own.containers?.[container.name]?.[resource] ?? asked.own[resource];
  const seed = `${pod.metadata.uid}/${container.name}/${resource}`;
  const course = parseCourse(wanted, digits) ?? (requested ? parseCourse(usual, digits) : undefined);
  const own = course ? useAt(course, { startedAt, at, requested, seed }) : { use: least, until: Number.POSITIVE_INFINITY };
  const loads = workload && share > 0 ? parseCourse(asked.load[resource], digits) : undefined;
  const since = parseTime(workload?.metadata.creationTimestamp ?? '');
  const more = loads ? useAt(loads, { startedAt: since, at, requested: 0, seed: `${workload?.metadata.uid}/${resource}` }) : NONE;
  const total = own.use + more.use * share;
  const limit = limits[resource] === undefined ? Number.POSITIVE_INFINITY : amountOf(limits[resource], digits);
  return { use: Math.min(total, limit), until: Math.min(own.until, more.until) };
}

const NONE = { use: 0, until: Number.POSITIVE_INFINITY };

function amountOf(text: string | undefined, digits: number): number {
  const { value, scale } = quantity(text);
  return Number(value) * 10 ** (scale + digits);
}
