import { Numeral } from '../../lib/json.ts';

/**
 * JSON read as Go's encoding/json reads it: the same errors, with duplicate keys and the text of numbers kept. Only requests that
 * something is wrong with come here; everything else goes through JSON.parse (see decode-fast.ts).
 */
export type JsonNode =
  | { t: 'null' }
  | { t: 'bool'; value: boolean }
  | { t: 'number'; raw: string }
  | { t: 'string'; value: string }
  | { t: 'array'; items: JsonNode[] }
  | { t: 'object'; entries: [string, JsonNode][] };

/** A syntax error in Go's words. */
export class JsonSyntaxError extends Error {}

/** scanner.go maxNestingDepth. */
const MAX_DEPTH = 10000;

/** Parses one JSON value; throws JsonSyntaxError. */
export function parseJson(text: string): JsonNode {
  const reader = new Reader(text);
  let node: JsonNode;
  try {
    node = reader.value(0);
  } catch (error) {
    // The JS stack is shorter than Go's limit: what overflows it is nested too deeply for any object of the API.
    if (error instanceof RangeError) throw new JsonSyntaxError('exceeded max depth');
    throw error;
  }
  reader.space();
  if (reader.at < text.length) throw reader.invalid('after top-level value');
  return node;
}

class Reader {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }

  invalid(where: string): JsonSyntaxError {
    if (this.at >= this.text.length) {
      // At the end Go feeds its scanner one blank: only within words, numbers and escapes is that an error of its own.
      return new JsonSyntaxError(
        /^(in|after decimal)/.test(where) ? `invalid character ' ' ${where}` : 'unexpected end of JSON input',
      );
    }
    return new JsonSyntaxError(`invalid character ${quoteChar(this.text, this.at)} ${where}`);
  }

  space(): void {
    for (; ; this.at++) {
      const c = this.text[this.at];
      if (c !== ' ' && c !== '\n' && c !== '\t' && c !== '\r') return;
    }
  }

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new JsonSyntaxError('exceeded max depth');
    this.space();
    const c = this.text[this.at];
    if (c === '{') return this.object(depth);
    if (c === '[') return this.array(depth);
    if (c === '"') return { t: 'string', value: this.string() };
    if (c === 't') return this.literal('true', { t: 'bool', value: true });
    if (c === 'f') return this.literal('false', { t: 'bool', value: false });
    if (c === 'n') return this.literal('null', { t: 'null' });
    if (c === '-' || (c >= '0' && c <= '9')) return this.number();
    throw this.invalid('looking for beginning of value');
  }

  object(depth: number): JsonNode {
    const entries: [string, JsonNode][] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return { t: 'object', entries };
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw this.invalid('looking for beginning of object key string');
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') throw this.invalid('after object key');
      this.at++;
      entries.push([key, this.value(depth + 1)]);
      this.space();
      const c = this.text[this.at];
      if (c === '}') break;
      if (c !== ',') throw this.invalid('after object key:value pair');
      this.at++;
    }
    this.at++;
    return { t: 'object', entries };
  }

  array(depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return { t: 'array', items };
    }
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      const c = this.text[this.at];
      if (c === ']') break;
      if (c !== ',') throw this.invalid('after array element');
      this.at++;
    }
    this.at++;
    return { t: 'array', items };
  }

  literal(word: string, node: JsonNode): JsonNode {
    for (let i = 1; i < word.length; i++) {
      this.at++;
      if (this.text[this.at] !== word[i]) throw this.invalid(`in literal ${word} (expecting '${word[i]}')`);
    }
    this.at++;
    return node;
  }

  string(): string {
    const start = this.at++;
    for (; ; this.at++) {
      const c = this.text[this.at];
      if (c === undefined) throw this.invalid('');
      if (c === '"') break;
      if (c === '\\') this.escape();
      else if (c < ' ') throw this.invalid('in string literal');
    }
    this.at++;
    return JSON.parse(this.text.slice(start, this.at));
  }

  escape(): void {
    this.at++;
    const c = this.text[this.at];
    if (c === undefined || !'bfnrt\\/"u'.includes(c)) throw this.invalid('in string escape code');
    if (c !== 'u') return;
    for (let i = 0; i < 4; i++) {
      this.at++;
      if (!/^[0-9a-fA-F]$/.test(this.text[this.at] ?? '')) throw this.invalid('in \\u hexadecimal character escape');
    }
  }

  number(): JsonNode {
    const start = this.at;
    if (this.text[this.at] === '-') {
      this.at++;
      if (!this.digit()) throw this.invalid('in numeric literal');
    }
    if (this.text[this.at] === '0') this.at++;
    else this.digits();
    if (this.text[this.at] === '.') {
      this.at++;
      if (!this.digit()) throw this.invalid('after decimal point in numeric literal');
      this.digits();
    }
    if (this.text[this.at] === 'e' || this.text[this.at] === 'E') {
      this.at++;
      if (this.text[this.at] === '+' || this.text[this.at] === '-') this.at++;
      if (!this.digit()) throw this.invalid('in exponent of numeric literal');
      this.digits();
    }
    return { t: 'number', raw: this.text.slice(start, this.at) };
  }

  digit(): boolean {
    const c = this.text[this.at];
    return c >= '0' && c <= '9';
  }

  digits(): void {
    while (this.digit()) this.at++;
  }
}

/** Go looks at bytes: of a character beyond ASCII it names the first byte of its UTF-8 form. */
function quoteChar(text: string, at: number): string {
  const c = text[at];
  if (c === "'") return `'\\''`;
  if (c === '"') return `'"'`;
  const byte = new TextEncoder().encode(String.fromCodePoint(text.codePointAt(at) as number))[0];
  const known: Record<number, string> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 92: '\\\\' };
  if (known[byte]) return `'${known[byte]}'`;
  if (byte < 32 || byte === 127) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  if (byte >= 128 && byte < 161) return `'\\u00${byte.toString(16)}'`;
  return `'${String.fromCharCode(byte)}'`;
}

/** A parsed value as nodes, for checks that need no text. */
export function toNode(value: unknown): JsonNode {
  if (value === null || value === undefined) return { t: 'null' };
  if (typeof value === 'boolean') return { t: 'bool', value };
  if (typeof value === 'number' || typeof value === 'bigint') return { t: 'number', raw: String(value) };
  if (value instanceof Numeral) return { t: 'number', raw: value.text };
  if (typeof value === 'string') return { t: 'string', value };
  if (Array.isArray(value)) return { t: 'array', items: value.map(toNode) };
  return { t: 'object', entries: Object.entries(value as object).map(([key, one]) => [key, toNode(one)]) };
}
