import { apiVersionOf, type Kind, type ServedVersion, type StrategyContext } from '../api/machinery/define-kind.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { FieldError } from '../api/machinery/field-errors.ts';
import type { KubeObject } from '../lib/json.ts';

/**
 * The rules of writes through one address: that of the object itself or of a subresource. The steps of a write are the same for
 * all; a strategy decides what a client sees and which of its changes pass (apiserver registry/rest RESTUpdateStrategy).
 */
export interface WriteStrategy {
  /** Structure, group/version and kind of the object sent. */
  schema: Schema;
  apiVersion: string;
  kind: string;
  /** The client's view of the live object, to which a change is applied. Fresh or shared; never changed. */
  read(live: KubeObject): KubeObject;
  /** The whole object that a client's view asks for. May be the view itself. */
  write(live: KubeObject, view: KubeObject): KubeObject;
  /** The object answered, made of the stored one. Absent: the stored text itself. */
  show?(stored: KubeObject): KubeObject;
  /** The object sent, with defaults; may mutate it. */
  defaults(view: KubeObject): KubeObject;
  /** Resets the fields that must not pass here; mutates `object`. */
  prepare(object: KubeObject, old: KubeObject, cx: StrategyContext): void;
  validate(object: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[];
  /** Texts for Warning headers, where the kind has any to say here. */
  warnings: ((object: KubeObject, old: KubeObject | undefined) => string[]) | undefined;
}

/** A strategy that differs from the one of the object itself. */
export type StrategyOf = (kind: Kind, main: WriteStrategy) => WriteStrategy;

/**
 * An object of one served version in another, and the schema that it then has; undefined: the kind has no such version. The hub
 * is the stored one.
 */
export function convert(kind: Kind, strategy: WriteStrategy, object: KubeObject, apiVersion: string) {
  if (apiVersion === strategy.apiVersion || apiVersion === object.apiVersion) return { object, schema: strategy.schema };
  if (strategy.kind !== kind.kind) return undefined;
  const stored = strategy.write(object, object);
  if (apiVersion === apiVersionOf(kind)) return { object: stored, schema: kind.schema };
  const served: ServedVersion | undefined = kind.versions?.find((v) => apiVersionOf(v) === apiVersion);
  return served && { object: served.fromStored(stored) as KubeObject, schema: served.schema };
}
