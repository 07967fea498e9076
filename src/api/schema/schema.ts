import type { Obj } from '../../lib/json.ts';
import type { ExactResult } from '../machinery/decode-exact.ts';
import type { FastResult } from '../machinery/decode-fast.ts';
import type { JsonNode } from '../machinery/decode-json.ts';
import type { StructType } from './go-types.ts';
import type { MapShape } from './shape.ts';

/**
 * The structure of the objects of a kind in one version: how they are read, completed, merged, owned and described. Those of the
 * built-in kinds are Go types (go.ts); a definition at run time gives a structural OpenAPI schema.
 */
export interface Schema {
  /** The name of its definition in OpenAPI documents, e.g. "io.k8s.api.apps.v1.Deployment". */
  readonly name: string;
  /** The name of the definition of its lists. */
  readonly listName: string;
  /** Differs when the structure does: it is part of the hashes of documents. */
  readonly mark: string;
  /** Reads a parsed value on the happy path: says whether anything is off, and completes what is not. The input is not changed. */
  normalise(value: Obj): FastResult;
  /** Decodes a text exactly as upstream does, and reports unknown and duplicate fields; throws DecodeError. */
  decode(node: JsonNode): ExactResult;
  /** The object in which nothing is set, as it is printed. */
  zero(): Obj;
  /** How values merge, are compared and are owned, with the keys of lists. */
  readonly shape: MapShape;
  /** The Go type, with its patch strategies and merge keys; undefined where there is none, as of custom resources. */
  readonly struct: StructType | undefined;
  /** The definition as OpenAPI documents have it; undefined: it is written from the Go type. */
  readonly openapi: Obj | undefined;
}
