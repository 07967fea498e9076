/** A decoded Kubernetes object or any part of one. The schema table, not TypeScript, defines its shape. */
export type Obj = { [key: string]: any };

/** A number's literal, where its double would be written otherwise: 1.0, 1e3. */
export class Numeral {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** Throws in JSON writers that do not support it. */
  toJSON(): never {
    throw new TypeError(`${this.text} has no double`);
  }
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  /** A bigint beyond 2^53. */
  deletionGracePeriodSeconds?: number | bigint;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: Obj[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface KubeObject extends Obj {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** Sets a member; one called __proto__ is data like any other. */
export function setMember(object: Obj, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Whether a value is a JSON object: neither an array nor null. */
export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral);

/** A deep copy of plain JSON; faster than structuredClone on small objects. */
export function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (value === null || typeof value !== 'object' || value instanceof Numeral) return value;
  const out: Obj = {};
  for (const key in value) setMember(out, key, clone((value as Obj)[key]));
  return out as T;
}

/** Deep equality of plain JSON; key order does not count. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equal(item, b[i]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Obj;
  const right = b as Obj;
  let size = 0;
  for (const key in left) {
    if (left[key] === undefined) continue;
    size++;
    if (!equal(left[key], right[key])) return false;
  }
  for (const key in right) if (right[key] !== undefined) size--;
  return size === 0;
}
