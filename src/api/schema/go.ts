import type { Obj } from '../../lib/json.ts';
import { decodeExact, type ExactResult } from '../machinery/decode-exact.ts';
import { type FastResult, normalise } from '../machinery/decode-fast.ts';
import type { JsonNode } from '../machinery/decode-json.ts';
import { hasType, type StructType, typeOf } from './go-types.ts';
import { goShape } from './go-shape.ts';
import type { Schema } from './schema.ts';
import type { MapShape } from './shape.ts';

/** The schema of a Go type by its definition name. What the generated table says of it is read when it is first needed. */
export const goSchema = (name: string): Schema => new GoSchema(name);

class GoSchema implements Schema {
  readonly name: string;
  readonly openapi = undefined;
  #struct: StructType | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get struct(): StructType {
    this.#struct ??= typeOf(this.name);
    return this.#struct;
  }

  get listName(): string {
    const list = `${this.name}List`;
    return hasType(list) ? list : this.name;
  }

  /** The table is part of the build. */
  get mark(): string {
    return this.name;
  }

  get shape(): MapShape {
    return goShape(this.struct);
  }

  normalise(value: Obj): FastResult {
    return normalise(this.struct, value);
  }

  decode(node: JsonNode): ExactResult {
    return decodeExact(this.struct, node);
  }

  zero(): Obj {
    return normalise(this.struct, {}).object;
  }
}
