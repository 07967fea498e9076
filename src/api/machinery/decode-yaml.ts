import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import type { JsonNode } from './decode-json.ts';
import { plain } from './numerals.ts';

/**
 * YAML as sigs.k8s.io/yaml turns it into JSON: YAML 1.1 scalars (yes, on, 010), merge keys, timestamps left as text, keys made
 * strings, and duplicate keys reported by line. js-yaml reads the syntax; the meaning is ours.
 */
export interface YamlResult {
  node: JsonNode;
  /** `line 7: key "x" already set in map`, in the order met. */
  duplicates: string[];
}

/** A text that is no YAML; the message is in Go's words where js-yaml tells the same thing. */
export class YamlError extends Error {}

/** goyaml refuses documents whose aliases blow up (decode.go allowedAliasRatio); ours is one plain bound. */
const MAX_NODES = 1_000_000;
/** How much larger than its events a document may become by aliases. */
const MAX_EXPANSION = 100_000;

/** Reads the first document of a text; an empty text is null. */
export function parseYaml(text: string): YamlResult {
  let events: Event[];
  try {
    events = parseEvents(text, {});
  } catch (error) {
    if (error instanceof YAMLException) throw new YamlError(`yaml: ${wording(error)}`);
    throw error;
  }
  const composer = new Composer(text, events);
  return { node: composer.document(), duplicates: composer.duplicates };
}

/** The value of a text's first document; numbers keep their digits. Throws YamlError. */
export const yamlValue = (text: string): unknown => plain(parseYaml(text).node);

const WORDS: [RegExp, string][] = [
  [/bad indentation of a mapping entry|nested mappings are not allowed/, 'mapping values are not allowed in this context'],
  [/tab characters must not be used|tab/, 'found character that cannot start any token'],
  [/unexpected end of the stream within a double/, 'found unexpected end of stream'],
  [/unexpected end of the stream within a single/, 'found unexpected end of stream'],
  [/unexpected end of the stream/, 'did not find expected node content'],
];

function wording(error: YAMLException): string {
  const words = WORDS.find(([pattern]) => pattern.test(error.reason))?.[1] ?? error.reason;
  const line = error.mark ? error.mark.line : 0;
  return line > 0 ? `line ${line + 1}: ${words}` : words;
}

class Composer {
  readonly duplicates: string[] = [];
  readonly #text: string;
  readonly #events: Event[];
  readonly #anchors = new Map<string, { node: JsonNode; size: number }>();
  #at = 0;
  #nodes = 0;
  #expanded = 0;

  constructor(text: string, events: Event[]) {
    this.#text = text;
    this.#events = events;
  }

  document(): JsonNode {
    const first = this.#events[this.#at];
    if (!first || first.type !== EVENT_ID.DOCUMENT) return { t: 'null' };
    this.#at++;
    const next = this.#events[this.#at];
    return next && next.type !== EVENT_ID.POP ? this.node() : { t: 'null' };
  }

  node(): JsonNode {
    const event = this.#events[this.#at++];
    if (++this.#nodes > MAX_NODES) throw new YamlError('yaml: document contains excessive aliasing');
    const before = this.#nodes;
    switch (event.type) {
      case EVENT_ID.ALIAS:
        return this.alias(this.#text.slice(event.anchorStart, event.anchorEnd));
      case EVENT_ID.SCALAR: {
        const tag = event.tagStart < 0 ? '' : this.#text.slice(event.tagStart, event.tagEnd);
        return this.anchored(event, before, scalar(getScalarValue(this.#text, event), event.style === SCALAR_STYLE.PLAIN, tag));
      }
      case EVENT_ID.SEQUENCE: {
        const items: JsonNode[] = [];
        while (this.#events[this.#at].type !== EVENT_ID.POP) items.push(this.node());
        this.#at++;
        return this.anchored(event, before, { t: 'array', items });
      }
      case EVENT_ID.MAPPING:
        return this.anchored(event, before, this.mapping());
      default:
        throw new YamlError('yaml: did not find expected node content');
    }
  }

  anchored(event: { anchorStart: number; anchorEnd: number }, before: number, node: JsonNode): JsonNode {
    if (event.anchorStart >= 0) {
      this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), { node, size: this.#nodes - before + 1 });
    }
    return node;
  }

  alias(name: string): JsonNode {
    const found = this.#anchors.get(name);
    if (!found) throw new YamlError(`yaml: unknown anchor '${name}' referenced`);
    this.#expanded += found.size;
    this.#nodes += found.size;
    if (this.#expanded > MAX_EXPANSION) throw new YamlError('yaml: document contains excessive aliasing');
    return found.node;
  }

  mapping(): JsonNode {
    const own = new Map<string, JsonNode>();
    const inherited = new Map<string, JsonNode>();
    while (this.#events[this.#at].type !== EVENT_ID.POP) {
      const event = this.#events[this.#at];
      const offset = event.type === EVENT_ID.SCALAR ? event.valueStart : 'start' in event ? event.start : 0;
      const plain = event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN;
      const key = this.node();
      const value = this.node();
      const name = keyText(key);
      if (plain && name === '<<') {
        mergeInto(inherited, value);
        continue;
      }
      if (own.has(name)) {
        const line = this.#text.slice(0, offset).split('\n').length;
        this.duplicates.push(`line ${line}: key ${JSON.stringify(name)} already set in map`);
      }
      own.set(name, value);
    }
    this.#at++;
    for (const [name, value] of inherited) if (!own.has(name)) own.set(name, value);
    return { t: 'object', entries: [...own] };
  }
}

/** Earlier merges win over later ones. */
function mergeInto(into: Map<string, JsonNode>, from: JsonNode): void {
  if (from.t === 'array') for (const one of from.items) mergeInto(into, one);
  else if (from.t === 'object') {
    for (const [name, value] of from.entries) if (!into.has(name)) into.set(name, value);
  } else throw new YamlError('yaml: map merge requires map or sequence of maps as the value');
}

/** yaml.go convertToJSONableObject: keys that are no strings become their text. */
function keyText(node: JsonNode): string {
  switch (node.t) {
    case 'string':
      return node.value;
    case 'number':
      return node.raw;
    case 'bool':
      return String(node.value);
    case 'null':
      return 'null';
    default:
      throw new YamlError(`error converting YAML to JSON: unsupported map key of type: ${node.t}`);
  }
}

const BOOLS = new Map<string, boolean>();
for (const word of ['y', 'yes', 'true', 'on']) for (const form of forms(word)) BOOLS.set(form, true);
for (const word of ['n', 'no', 'false', 'off']) for (const form of forms(word)) BOOLS.set(form, false);
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

function forms(word: string): string[] {
  return [word, word[0].toUpperCase() + word.slice(1), word.toUpperCase()];
}

/** goyaml.v2 resolve.go: what a plain scalar means. */
function scalar(text: string, plain: boolean, tag: string): JsonNode {
  if (tag === '!!str' || tag === '!' || (tag === '' && !plain)) return { t: 'string', value: text };
  if (tag === '!!binary') return { t: 'string', value: atob(text.replace(/\s/g, '')) };
  if (NULLS.has(text)) return { t: 'null' };
  const bool = BOOLS.get(text);
  if (bool !== undefined) return { t: 'bool', value: bool };
  const number = /^[-+.0-9]/.test(text) ? numberText(text.replaceAll('_', '')) : undefined;
  if (number === undefined) return { t: 'string', value: text };
  return { t: 'number', raw: tag === '!!float' ? String(Number(number)) : number };
}

/** strconv.ParseInt with base 0, then a float: the JSON text of the number, or undefined when it is none. */
function numberText(text: string): string | undefined {
  const sign = text[0] === '-' ? '-' : '';
  const digits = text.replace(/^[-+]/, '');
  if (/^(0|[1-9][0-9]*)$/.test(digits)) return sign && digits === '0' ? '0' : sign + digits;
  if (/^0[0-7]+$/.test(digits)) return `${sign}${BigInt(`0o${digits.slice(1)}`)}`;
  if (/^0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$/.test(digits)) return `${sign}${BigInt(digits.toLowerCase())}`;
  return FLOAT.test(text) ? String(Number(text)) : undefined;
}
