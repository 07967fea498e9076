import { seeded } from '../fixtures/prng.ts';

/** Seeded chance: the same seed makes the same requests. */
export class Chance {
  readonly #random: ReturnType<typeof seeded>;

  constructor(seed: number) {
    this.#random = seeded(Math.imul(seed + 1, 0x9e3779b1));
  }

  /** Below n. */
  int(n: number): number {
    return Math.floor(this.#random.next() * n);
  }

  maybe(share: number): boolean {
    return this.#random.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  /** Some of a list, in its order. */
  some<T>(list: readonly T[], share: number): T[] {
    return list.filter(() => this.maybe(share));
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.int(256));
  }
}

const LONG = 5_000;
const DEEP = 3_000;
const MANY = 2_000;

/** Texts that somebody did not think of. */
export const TEXTS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '/',
  '-',
  '*',
  '%',
  '%2f',
  '%00',
  '../../..',
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '0x10',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '$ref',
  '$patch',
  'a.b',
  'a/b/c',
  'A',
  'é',
  'ß',
  '\0',
  '\ud800',
  '\udfff\ud800',
  '﻿',
  '‮',
  '\u2028',
  '𝕏',
  '👩‍👩‍👧',
  'é',
  '\r\nx: y',
  '	',
  '\x07',
  '1Ki',
  '-5',
  '1e400',
  '9223372036854775808',
  '99999999999999999999999999',
  '1.5.5',
  '50%',
  '-50%',
  '99999999999%',
  '1m',
  '0.1n',
  '2026-11-21T00:00:00Z',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '2026-02-30',
  '1h',
  '-1h',
  '999999999h',
  '* * * * *',
  '*/0 * * * *',
  '0 0 31 2 *',
  '99 99 99 99 99',
  '@every 1ns',
  'TZ=X * * * * *',
  'CRON_TZ=../../etc * * * * *',
  '10.0.0.0/8',
  '::1',
  '256.1.1.1',
  '1.2.3.4/99',
  'a=b',
  'constructor=x',
  '__proto__=x',
  'toString!=x',
  'valueOf in (x)',
  'a in (b',
  '!a',
  'a,,b',
  'metadata.name=x',
  'spec.nodeName!=',
  '\\',
  '{}',
  '[]',
  '"',
  "'",
  '`',
  ';--',
  "' OR 1=1 --",
  '${x}',
  '{{x}}',
  '<x>',
  'object.spec',
  'self.all(x, x)',
  'system:masters',
  'x'.repeat(254),
  'x'.repeat(LONG),
  `${'a'.repeat(LONG)}!`,
  'a.'.repeat(200),
  '0'.repeat(400),
  '('.repeat(500),
  '􏿿'.repeat(300),
];

/** Numbers at and beyond every edge. */
export const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  255,
  256,
  65535,
  65536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  1e21,
  1e308,
  5e-324,
  -1e308,
  1e-7,
];

/** Values of the wrong kind, size or depth. */
export function odd(chance: Chance): unknown {
  switch (chance.int(9)) {
    case 0:
      return null;
    case 1:
      return chance.maybe(0.5);
    case 2:
      return chance.pick(NUMBERS);
    case 3:
      return {};
    case 4:
      return [];
    case 5:
      return Array.from({ length: chance.pick([1, 3, MANY]) }, () => chance.pick<unknown>([null, 1, 'x', {}, []]));
    case 6:
      return Object.fromEntries(
        Array.from({ length: chance.pick([1, 3, MANY / 10]) }, (_, i) => [`${chance.pick(TEXTS).slice(0, 99)}${i}`, i]),
      );
    default:
      return chance.pick(TEXTS);
  }
}

/** The text of a value, made into what a parser may stumble over. */
export function garble(text: string, chance: Chance): string {
  const at = chance.int(text.length + 1);
  const insert = (piece: string) => text.slice(0, at) + piece + text.slice(at);
  switch (chance.int(12)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return insert(chance.pick(TEXTS));
    case 2:
      return insert('['.repeat(DEEP));
    case 3:
      return text.replace('{', `{"a":${'['.repeat(DEEP)}${']'.repeat(DEEP)},`);
    case 4:
      return text.replace('{', `{"a":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)},`);
    case 5:
      return text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},');
    case 6:
      return text.replace(/"metadata":\{/, '"metadata":{"name":"first","__proto__":{"namespace":"kube-system"},');
    case 7:
      return text.replace(
        /:\s*(\d+|"[^"]*")/,
        `:${chance.pick(['1e999', '-1e999', '18446744073709551616', '1E-999', '00', '.5', '0x1', '+1', 'NaN', '1_000'])}`,
      );
    case 8:
      return text.replace(/("[^"]+"):/, (key) => `${key}1,${key}`);
    case 9:
      return `${chance.pick(['\ufeff', ' ', '\u0000', 'x', '// c\n', '---\n', '%YAML 9\n'])}${text}${chance.pick(['', '\u0000', ',', '}', '{}'])}`;
    case 10:
      return text.replaceAll('"', "'");
    default:
      return text.slice(0, at) + String.fromCharCode(chance.int(0x100)) + text.slice(at + 1);
  }
}
