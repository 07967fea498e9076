import { isObject, type Obj } from '../../lib/json.ts';

/** Type of a field of a configuration file. */
export type Shape = 'text' | 'flag' | 'texts' | 'object' | { list: Record<string, Shape> } | { fields: Record<string, Shape> };

/** State of reading one file. Aliases of YAML make a long configuration of a short text: entries of its lists are counted. */
export interface Reading {
  warnings: string[];
  /** Entries that may still follow. */
  left: number;
  /** The error when there are more documents. */
  tooMany: string;
  error: new (message: string) => Error;
}

/** A copy with the known fields; unknown ones are left out with a warning, and wrong types throw the reading's error. */
export function shaped(value: Obj, fields: Record<string, Shape>, path: string, reading: Reading): Obj {
  const out: Obj = {};
  for (const [key, inner] of Object.entries(value)) {
    const at = path ? `${path}.${key}` : key;
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (!shape) reading.warnings.push(`unknown field "${at}"`);
    else if (inner !== null && inner !== undefined) out[key] = shapedValue(inner, shape, at, reading);
  }
  return out;
}

function shapedValue(value: unknown, shape: Shape, path: string, reading: Reading): unknown {
  const wrong = (what: string) => new reading.error(`failed decoding: ${path}: must be ${what}`);
  if (shape === 'text') {
    if (typeof value !== 'string') throw wrong('a string');
    return value;
  }
  if (shape === 'flag') {
    if (typeof value !== 'boolean') throw wrong('a boolean');
    return value;
  }
  if (shape === 'object' || (typeof shape === 'object' && 'fields' in shape)) {
    if (!isObject(value)) throw wrong('an object');
    return shape === 'object' ? value : shaped(value, shape.fields, path, reading);
  }
  if (!Array.isArray(value)) throw wrong('a list');
  reading.left -= value.length;
  if (reading.left < 0) throw new reading.error(reading.tooMany);
  if (shape === 'texts') {
    if (value.some((item) => typeof item !== 'string')) throw wrong('a list of strings');
    return value;
  }
  return value.map((item, i) => {
    if (!isObject(item)) throw wrong('a list of objects');
    return shaped(item, shape.list, `${path}[${i}]`, reading);
  });
}
