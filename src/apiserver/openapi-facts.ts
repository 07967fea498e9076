import { gunzipSync, strFromU8 } from 'fflate';
import type { Obj } from '../lib/json.ts';

/** Facts of OpenAPI documents beyond structure; made by api/openapi/descriptions.mjs at build time. */
export interface Facts {
  /** Definition name -> { '': of the type itself, field: of the field }. */
  descriptions: Record<string, Record<string, string>>;
  /** Enumeration -> [value, comment], sorted. */
  enums: Record<string, [string, string][]>;
  /** "type:field" -> enumeration. */
  enumFields: Record<string, string>;
  /** "type:field" -> JSON of an explicit default. */
  defaults: Record<string, string>;
  /** Definition name -> x-kubernetes-unions. */
  unions: Record<string, Obj[]>;
}

const NONE: Facts = { descriptions: {}, enums: {}, enumFields: {}, defaults: {}, unions: {} };

/** The facts of one build, unpacked when first asked for. `packed` is the base64 of gzipped JSON; empty: there are none. */
export class OpenApiFacts {
  readonly #packed: string;
  #unpacked: Facts | undefined;

  constructor(packed: string) {
    this.#packed = packed;
  }

  read(): Facts {
    this.#unpacked ??= this.#packed ? unpack(this.#packed) : NONE;
    return this.#unpacked;
  }

  /** Differs between builds whose facts do; it is part of the hashes in the URLs of documents. */
  get mark(): string {
    return this.#packed ? `${this.#packed.length}:${this.#packed.slice(-32)}` : 'none';
  }
}

export const NO_FACTS = new OpenApiFacts('');

function unpack(base64: string): Facts {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return JSON.parse(strFromU8(gunzipSync(bytes))) as Facts;
}
