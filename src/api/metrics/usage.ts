import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Column, Verb } from '../machinery/define-kind.ts';
import { add, formatQuantity, quantity, type Quantity, ZERO } from '../machinery/quantity.ts';
import type { Use } from './meter.ts';

/** What NodeMetrics and PodMetrics share. */

/** Verbs of a kind that is computed. */
export const readersOf = (): Verb[] => ['get', 'list'];

/** A ResourceList as metrics-server writes it: nanocores in decimal, bytes in binary units. */
export function usage({ cpu, memory }: Use): Obj {
  const cores: Quantity = { value: BigInt(Math.round(cpu)), scale: -9, format: 'DecimalSI' };
  const bytes: Quantity = { value: BigInt(Math.round(memory)), scale: 0, format: 'BinarySI' };
  return { cpu: formatQuantity(cores), memory: formatQuantity(bytes) };
}

/** A duration below a minute as Go prints it. */
export const window = (ms: number): string => `${ms / 1000}s`;

export const WINDOW: Obj = { type: 'string' };
export const USAGE: Obj = { type: 'object', additionalProperties: { type: 'string' } };

/** Name, cpu, memory and window, as metrics-server prints them (metrics-server pkg/api/table.go). */
export function metricsColumns(name: Column['value'], usages: (metrics: KubeObject) => Obj[]): Column[] {
  const sum = (resource: string) => (metrics: KubeObject) =>
    formatQuantity(usages(metrics).reduce<Quantity>((total, use) => add(total, quantity(use[resource])), ZERO));
  return [
    { name: 'Name', type: 'string', format: 'name', description: 'Name of the resource', value: name },
    { name: 'cpu', type: 'string', format: 'quantity', description: '', value: sum('cpu') },
    { name: 'memory', type: 'string', format: 'quantity', description: '', value: sum('memory') },
    { name: 'Window', type: 'string', format: 'duration', description: '', value: ({ window }: Obj) => window },
  ];
}
