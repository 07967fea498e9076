/** Random numbers as an argument: the platform's entropy in the worker, a seed in tests (test/fixtures/prng.ts). */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/** The alphabet of Kubernetes' random name suffixes: no vowels, no look-alikes (apimachinery util/rand). */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix such as generateName appends (5 characters there). */
export function suffix(random: Random, length: number): string {
  let out = '';
  for (let i = 0; i < length; i++) out += SAFE[Math.floor(random.next() * SAFE.length)];
  return out;
}

/** Encodes digits in the same alphabet (apimachinery rand.SafeEncodeString): used for template hashes. */
export function safeEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) out += SAFE[text.charCodeAt(i) % SAFE.length];
  return out;
}
