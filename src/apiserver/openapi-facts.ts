import { gunzipSync, strFromU8 } from 'fflate';
import type { Obj } from '../lib/json.ts';

/** What OpenAPI documents tell people beyond structure; made by api/openapi/descriptions.mjs at build time. */
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
let packed: string | undefined;
let unpacked: Facts | undefined;

/** Called once by a shell that has the facts at hand: the base64 of gzipped JSON. Without it documents have structure only. */
export function provideFacts(base64: string): void {
  packed = base64;
  unpacked = undefined;
}

/** The facts, unpacked when first asked for. */
export function facts(): Facts {
  if (!unpacked && packed) {
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    unpacked = JSON.parse(strFromU8(gunzipSync(bytes))) as Facts;
  }
  return unpacked ?? NONE;
}

/** Changes when the documents do; it is part of the hashes in their URLs. */
export const factsMark = (): string => (packed ? `${packed.length}:${packed.slice(-32)}` : 'none');
