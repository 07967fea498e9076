/** A number in [0, range) that depends on nothing but its arguments (FNV-1a): timers must be derivable, so chance may not be. */
export function jitter(uid: string, stage: string, range: number): number {
  if (range <= 0) return 0;
  let hash = 0x811c9dc5;
  const text = `${uid}/${stage}`;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) % Math.ceil(range);
}
