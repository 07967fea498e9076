import { type Chance, odd } from './chance.ts';

/** What of JSON Schema the two documents use. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const DEPTH = 6;
const WRONG = 0.04;

/** A value that a schema describes, here and there not quite. */
export function shaped(schema: Schema, all: Record<string, Schema>, chance: Chance, depth = 0): unknown {
  if (chance.maybe(WRONG)) return odd(chance);
  if (schema.$ref) return shaped(all[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)] ?? {}, all, chance, depth);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return chance.pick(schema.enum);
  if (schema.allOf) {
    const parts = schema.allOf.map((part) => shaped(part, all, chance, depth));
    return parts.length === 1 ? parts[0] : Object.assign({}, ...parts.filter((part) => typeof part === 'object'));
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return shaped(chance.pick(choices), all, chance, depth);
  switch (Array.isArray(schema.type) ? chance.pick(schema.type) : schema.type) {
    case 'object':
      return objectOf(schema, all, chance, depth);
    case 'array':
      return depth > DEPTH ? [] : Array.from({ length: chance.int(3) }, () => shaped(schema.items ?? {}, all, chance, depth + 1));
    case 'integer':
      return chance.pick([0, 1, 2, 3, 80, 443, chance.int(65_536)]);
    case 'number':
      return chance.pick([0, 1.5, chance.int(1000)]);
    case 'boolean':
      return chance.maybe(0.5);
    case 'string':
      return text(schema, chance);
    default:
      return depth > DEPTH ? {} : odd(chance);
  }
}

function objectOf(schema: Schema, all: Record<string, Schema>, chance: Chance, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const { properties = {}, required = [], additionalProperties } = schema;
  for (const [name, property] of Object.entries(properties)) {
    const wanted = required.includes(name) ? 0.95 : depth > DEPTH ? 0 : depth === 0 ? 0.7 : 0.3;
    if (chance.maybe(wanted)) out[name] = shaped(property, all, chance, depth + 1);
  }
  if (typeof additionalProperties === 'object' && depth <= DEPTH) {
    for (const key of chance.some(['app', 'x', 'a.b/c', '__proto__x'], 0.4))
      out[key] = shaped(additionalProperties, all, chance, depth + 1);
  }
  return out;
}

function text({ format, example, default: usual }: Schema, chance: Chance): string {
  if (chance.maybe(0.3) && typeof (example ?? usual) === 'string') return String(example ?? usual);
  if (format === 'date-time') return chance.pick(['2026-11-21T00:00:00Z', '2030-01-01T00:00:00.000Z', 'yesterday']);
  if (format === 'byte') return chance.pick(['', 'eA==', 'x', '====', 'AAAA']);
  if (format === 'email') return chance.pick(['a@b.test', 'a@', '@']);
  return chance.pick([
    'x',
    'one',
    'default',
    'nginx',
    'a-b',
    '1',
    '10m',
    '1Gi',
    'Always',
    'TCP',
    'kube-system',
    'apps/v1',
    'https://x.test',
  ]);
}

type Container = Record<string, unknown> | unknown[];
const isContainer = (value: unknown): value is Container => value !== null && typeof value === 'object';

/** Changes a value somewhere inside, in place: another value, nothing, twice, or a piece from elsewhere. */
export function disturb(value: unknown, chance: Chance): void {
  if (!isContainer(value)) return;
  let place: Container = value;
  for (let depth = chance.int(7); depth > 0; depth--) {
    const inner = Object.values(place).filter((child) => isContainer(child) && Object.keys(child).length > 0) as Container[];
    if (!inner.length) break;
    place = chance.pick(inner);
  }
  const target = place as Record<string, unknown>;
  const key = chance.pick(Object.keys(place)) ?? 'x';
  switch (chance.int(5)) {
    case 0:
      if (Array.isArray(place)) place.splice(Number(key), 1);
      else delete target[key];
      return;
    case 1:
      if (Array.isArray(place)) place.push(structuredClone(target[key]));
      else target[`${key}X`] = structuredClone(target[key]);
      return;
    case 2:
      target[key] = structuredClone(chance.pick(Object.values(value as object)));
      return;
    default:
      target[key] = odd(chance);
  }
}
