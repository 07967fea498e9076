/**
 * SHA-256 and SHA-512 of UTF-8 text, synchronous and pure (FIPS 180-4). For names that must equal Kubernetes' (ETags, storage version
 * hashes), computed once and remembered; secrets go through the crypto port.
 */

/** Fractional parts of the square and cube roots of the first primes, as 64-bit words. */
function constants(): { initial: bigint[]; round: bigint[] } {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 80; n++) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (prime: bigint, power: 2n | 3n) => root(prime << (64n * power), power) & 0xffffffffffffffffn;
  return { initial: primes.slice(0, 8).map((p) => fraction(p, 2n)), round: primes.map((p) => fraction(p, 3n)) };
}

/** Integer root by Newton's method. */
function root(value: bigint, power: 2n | 3n): bigint {
  let x = 1n << BigInt(Math.ceil(value.toString(2).length / Number(power)));
  for (;;) {
    const next = ((power - 1n) * x + value / x ** (power - 1n)) / power;
    if (next >= x) return x;
    x = next;
  }
}

const memo: { made?: ReturnType<typeof tables> } = {};
const tabled = () => (memo.made ??= tables());
const high = (word: bigint) => Number(word >> 32n) | 0;
const low = (word: bigint) => Number(word & 0xffffffffn) | 0;

function tables() {
  const { initial, round } = constants();
  const words = (list: bigint[]): Word[] => list.map((w) => [high(w), low(w)]);
  return { initial: words(initial), k512: words(round), k256: round.slice(0, 64).map(high) };
}

/** Bytes of the text, padded to whole blocks with the length in bits at the end. */
function padded(text: string, block: 64 | 128): DataView {
  const bytes = new TextEncoder().encode(text);
  const size = Math.ceil((bytes.length + 1 + block / 8) / block) * block;
  const out = new Uint8Array(size);
  out.set(bytes);
  out[bytes.length] = 0x80;
  const view = new DataView(out.buffer);
  view.setUint32(size - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(size - 4, (bytes.length << 3) >>> 0);
  return view;
}

const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));

/** SHA-256 as 32 bytes. */
export function sha256(text: string): Uint8Array {
  const data = padded(text, 64);
  const { initial, k256 } = tabled();
  const state = Int32Array.from(initial.map(([h]) => h));
  const w = new Int32Array(64);
  for (let at = 0; at < data.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = data.getInt32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    compress256(state, w, k256);
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setInt32(i * 4, word));
  return new Uint8Array(out.buffer);
}

function compress256(state: Int32Array, w: Int32Array, k256: number[]): void {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k256[i] + w[i]) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}

/** A 64-bit word as two 32-bit halves: [high, low]. */
type Word = readonly [number, number];

const add = (...words: Word[]): Word => {
  let lows = 0;
  let highs = 0;
  for (const [h, l] of words) {
    lows += l >>> 0;
    highs += h;
  }
  return [(highs + Math.floor(lows / 0x100000000)) | 0, lows | 0];
};
const xor = (a: Word, b: Word, c: Word): Word => [a[0] ^ b[0] ^ c[0], a[1] ^ b[1] ^ c[1]];
const shift = ([h, l]: Word, n: number): Word => [h >>> n, (l >>> n) | (h << (32 - n))];
const turn = ([h, l]: Word, n: number): Word =>
  n < 32 ? [(h >>> n) | (l << (32 - n)), (l >>> n) | (h << (32 - n))] : turn([l, h], n - 32 || 32);

/** SHA-512 as upper-case hex, which is how Kubernetes writes its ETags. */
export function sha512Hex(text: string): string {
  const data = padded(text, 128);
  const { initial, k512 } = tabled();
  let state = initial;
  for (let at = 0; at < data.byteLength; at += 128) {
    const w: Word[] = [];
    for (let i = 0; i < 16; i++) w.push([data.getInt32(at + i * 8), data.getInt32(at + i * 8 + 4)]);
    for (let i = 16; i < 80; i++) {
      const s0 = xor(turn(w[i - 15], 1), turn(w[i - 15], 8), shift(w[i - 15], 7));
      const s1 = xor(turn(w[i - 2], 19), turn(w[i - 2], 61), shift(w[i - 2], 6));
      w.push(add(w[i - 16], s0, w[i - 7], s1));
    }
    const next = compress512(state, w, k512);
    state = state.map((word, i) => add(word, next[i]));
  }
  const hex = (n: number) => (n >>> 0).toString(16).padStart(8, '0');
  return state
    .map(([h, l]) => hex(h) + hex(l))
    .join('')
    .toUpperCase();
}

function compress512(state: Word[], w: Word[], k512: Word[]): Word[] {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 80; i++) {
    const s1 = xor(turn(e, 14), turn(e, 18), turn(e, 41));
    const choice: Word = [(e[0] & f[0]) ^ (~e[0] & g[0]), (e[1] & f[1]) ^ (~e[1] & g[1])];
    const t1 = add(h, s1, choice, k512[i], w[i]);
    const s0 = xor(turn(a, 28), turn(a, 34), turn(a, 39));
    const majority: Word = [(a[0] & b[0]) ^ (a[0] & c[0]) ^ (b[0] & c[0]), (a[1] & b[1]) ^ (a[1] & c[1]) ^ (b[1] & c[1])];
    const t2 = add(s0, majority);
    [h, g, f, e, d, c, b, a] = [g, f, e, add(d, t1), c, b, a, add(t1, t2)];
  }
  return [a, b, c, d, e, f, g, h];
}
