import { safeEncode } from '../../lib/random.ts';
import type { Obj } from '../../lib/json.ts';
import { dumpStruct } from './go-dump.ts';

const TEMPLATE = 'io.k8s.api.core.v1.PodTemplateSpec';
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** 32-bit FNV-1a over the UTF-8 bytes of a text. */
export function fnv32a(text: string, start = OFFSET): number {
  let hash = start;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** 32-bit FNV-1 (multiply first), which names ControllerRevisions. */
export function fnv32(text: string): number {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash, PRIME) ^ byte;
  return hash >>> 0;
}

/**
 * The pod-template-hash (controller.ComputeHash), equal to upstream's for this template, because clients see ReplicaSets in the
 * order of their names. `collisions` is hashed too once there was one.
 */
export function templateHash(template: Obj, collisions: number | undefined): string {
  let hash = fnv32a(dumpStruct(TEMPLATE, template));
  if (collisions !== undefined) {
    for (let shift = 0; shift < 64; shift += 8) {
      const byte = shift < 32 ? (collisions >>> shift) & 0xff : 0;
      hash = Math.imul(hash ^ byte, PRIME) >>> 0;
    }
  }
  return safeEncode(String(hash));
}

const OFFSET_128 = 0x6c62272e07bb014262b821756295c58dn;
const PRIME_128 = 0x1000000000000000000013bn;
const MASK_128 = (1n << 128n) - 1n;

/** 128-bit FNV-1a over the UTF-8 bytes of a text, as hex that sorts as the bytes do. */
export function fnv128a(text: string): string {
  let hash = OFFSET_128;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME_128) & MASK_128;
  return hash.toString(16).padStart(32, '0');
}
