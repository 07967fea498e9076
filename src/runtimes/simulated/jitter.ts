/** Deterministic number in [0, range), an FNV-1a hash of its arguments: a random one would make timers that cannot be derived again. */
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
