import type { Obj } from '../../lib/json.ts';
import { errorBody, type FieldError, forbidden, invalid, required } from './field-errors.ts';
import { isQualifiedName, isValidLabelValue } from './names.ts';
import { badRequest } from './status-errors.ts';

/** Label selectors: the text form (apimachinery labels/selector.go) and the object form (metav1.LabelSelector). */
export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  key: string;
  operator: Operator;
  /** Sorted, without duplicates, when parsed from text. */
  values: string[];
}

type Labels = Record<string, string> | undefined | null;

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const sorted = (reqs: Requirement[]) => reqs.sort((a, b) => byBytes(a.key, b.key));

/** Does a set of labels meet every requirement? */
export function matches(requirements: readonly Requirement[], labels: Labels): boolean {
  for (const requirement of requirements) if (!meets(requirement, labels)) return false;
  return true;
}

function meets(r: Requirement, labels: Labels): boolean {
  const value = labels && Object.hasOwn(labels, r.key) ? labels[r.key] : undefined;
  switch (r.operator) {
    case '=':
    case '==':
      return value !== undefined && value === r.values[0];
    case 'in':
      return value !== undefined && r.values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !r.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    default: {
      const left = parseInt64(value);
      const right = parseInt64(r.values[0]);
      if (left === undefined || right === undefined) return false;
      return r.operator === 'gt' ? left > right : left < right;
    }
  }
}

function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?[0-9]+$/.test(text)) return undefined;
  const n = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return n >= -(2n ** 63n) && n < 2n ** 63n ? n : undefined;
}

/** One requirement in text. */
export function requirementToString(r: Requirement): string {
  const values = r.values.length > 1 ? [...r.values].sort(byBytes).join(',') : (r.values[0] ?? '');
  switch (r.operator) {
    case 'exists':
      return r.key;
    case '!':
      return `!${r.key}`;
    case 'in':
    case 'notin':
      return `${r.key} ${r.operator} (${values})`;
    case 'gt':
      return `${r.key}>${values}`;
    case 'lt':
      return `${r.key}<${values}`;
    default:
      return `${r.key}${r.operator}${values}`;
  }
}

/** A selector in text, as ScaleStatus.selector and others print it. */
export const selectorToString = (requirements: readonly Requirement[]): string => requirements.map(requirementToString).join(',');

/** The requirements of a plain map (a Service's or ReplicationController's selector). */
export const fromMap = (map: Labels): Requirement[] =>
  sorted(
    Object.keys(map ?? {}).map((key) => ({
      key,
      operator: '=' as const,
      values: [(map as Record<string, string>)[key] as string],
    })),
  );

const FROM_OBJECT: Record<string, Operator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** Matches nothing: a nil LabelSelector (LabelSelectorAsSelector). No label key holds a line feed. */
export const NOTHING: readonly Requirement[] = Object.freeze([{ key: '\n', operator: 'exists' as const, values: [] }]);

/** The requirements of a metav1.LabelSelector. Undefined selects nothing, {} everything. Not validated: stored objects are. */
export function fromLabelSelector(selector: Obj | undefined | null): readonly Requirement[] {
  if (!selector) return NOTHING;
  const out: Requirement[] = [];
  for (const key in selector.matchLabels ?? {}) out.push({ key, operator: '=', values: [selector.matchLabels[key]] });
  for (const e of selector.matchExpressions ?? []) {
    out.push({ key: e.key, operator: FROM_OBJECT[e.operator] ?? 'in', values: e.values ?? [] });
  }
  return sorted(out);
}

/** Messages about one label key or value, joined as upstream joins them here. */
function keyError(path: string, key: string): string | undefined {
  const errors = isQualifiedName(key);
  return errors.length ? bodyOf(invalid(path, key, errors.join('; '))) : undefined;
}

const bodyOf = (e: FieldError) => `${e.field}: ${errorBody(e)}`;

/** The error that NewRequirement has for a requirement; undefined if valid. */
export function requirementProblem(r: Requirement): string | undefined {
  const errors: string[] = [];
  const add = (field: string, value: unknown, detail: string) => errors.push(bodyOf(invalid(field, value, detail)));
  const key = keyError('key', r.key);
  if (key) errors.push(key);
  const { operator, values } = r;
  if (operator === 'in' || operator === 'notin') {
    if (!values.length) add('values', values, "for 'in', 'notin' operators, values set can't be empty");
  } else if (operator === 'gt' || operator === 'lt') {
    if (values.length !== 1) add('values', values, "for 'Gt', 'Lt' operators, exactly one value is required");
    values.forEach((v, i) => {
      if (parseInt64(v) === undefined) add(`values[${i}]`, v, "for 'Gt', 'Lt' operators, the value must be an integer");
    });
  } else if (operator === 'exists' || operator === '!') {
    if (values.length) add('values', values, 'values set must be empty for exists and does not exist');
  } else if (values.length !== 1) add('values', values, 'exact-match compatibility requires one single value');
  values.forEach((v, i) => {
    const problems = isValidLabelValue(v);
    if (problems.length) add(`values[${i}][${r.key}]`, v, problems.join('; '));
  });
  if (!errors.length) return undefined;
  return errors.length === 1 ? errors[0] : `[${[...new Set(errors)].join(', ')}]`;
}

type Token = 'end' | 'id' | 'error' | ')' | ',' | '!' | '==' | '=' | '>' | '<' | '!=' | '(' | 'in' | 'notin';
interface Scanned {
  token: Token;
  literal: string;
}

const SPECIAL = '=!(),><';
const SYMBOLS = new Set(['=', '==', '!', '!=', '(', ')', ',', '>', '<']);
const isSpace = (c: string) => c === ' ' || c === '\t' || c === '\r' || c === '\n';

function scan(text: string): Scanned[] {
  const out: Scanned[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at] as string;
    if (isSpace(c)) {
      at++;
      continue;
    }
    const start = at;
    if (SPECIAL.includes(c)) {
      while (at < text.length && SPECIAL.includes(text[at] as string) && SYMBOLS.has(text.slice(start, at + 1))) at++;
      const literal = text.slice(start, at);
      out.push({ token: literal as Token, literal });
      continue;
    }
    while (at < text.length && !SPECIAL.includes(text[at] as string) && !isSpace(text[at] as string)) at++;
    const literal = text.slice(start, at);
    out.push({ token: literal === 'in' || literal === 'notin' ? literal : 'id', literal });
  }
  out.push({ token: 'end', literal: '' });
  return out;
}

/** A recursive descent over the tokens; errors are plain Errors, worded as upstream's. */
class Parser {
  private readonly items: Scanned[];
  private at = 0;
  constructor(text: string) {
    this.items = scan(text);
  }

  /** Words such as `in` are identifiers where a value is expected. */
  private peek(): Scanned {
    const item = this.items[this.at] as Scanned;
    return item.token === 'in' || item.token === 'notin' ? { token: 'id', literal: item.literal } : item;
  }

  private next(): Scanned {
    const item = this.peek();
    if (this.at < this.items.length - 1) this.at++;
    return item;
  }

  parse(): Requirement[] {
    const out: Requirement[] = [];
    for (;;) {
      const { token, literal } = this.peek();
      if (token === 'end') return out;
      if (token !== 'id' && token !== '!') throw new Error(`found '${literal}', expected: !, identifier, or 'end of string'`);
      try {
        out.push(this.requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`);
      }
      const after = this.next();
      if (after.token === 'end') return out;
      if (after.token !== ',') throw new Error(`found '${after.literal}', expected: ',' or 'end of string'`);
      const following = this.peek();
      if (following.token !== 'id' && following.token !== '!') {
        throw new Error(`found '${following.literal}', expected: identifier after ','`);
      }
    }
  }

  private requirement(): Requirement {
    let item = this.next();
    const absent = item.token === '!';
    if (absent) item = this.next();
    if (item.token !== 'id') throw new Error(`found '${item.literal}', expected: identifier`);
    const problem = keyError('<nil>', item.literal);
    if (problem) throw new Error(problem);
    const end = this.peek().token;
    if (absent || end === 'end' || end === ',') return { key: item.literal, operator: absent ? '!' : 'exists', values: [] };
    const operator = this.operator();
    const values = operator === 'in' || operator === 'notin' ? this.values() : [this.exactValue()];
    const requirement: Requirement = { key: item.literal, operator, values: [...new Set(values)].sort(byBytes) };
    const wrong = requirementProblem(requirement);
    if (wrong) throw new Error(wrong);
    return requirement;
  }

  private operator(): Operator {
    const { token, literal } = this.items[this.at] as Scanned;
    if (this.at < this.items.length - 1) this.at++;
    if (token === 'in' || token === 'notin' || token === '=' || token === '==' || token === '!=') return token;
    if (token === '>') return 'gt';
    if (token === '<') return 'lt';
    throw new Error(`found '${literal}', expected: in, notin, =, ==, !=, gt, lt`);
  }

  private exactValue(): string {
    const { token } = this.peek();
    if (token === 'end' || token === ',') return '';
    const { token: got, literal } = this.next();
    if (got !== 'id') throw new Error(`found '${literal}', expected: identifier`);
    return literal;
  }

  private values(): string[] {
    const open = this.next();
    if (open.token !== '(') throw new Error(`found '${open.literal}' expected: '('`);
    const first = this.peek();
    if (first.token === ')') {
      this.next();
      return [''];
    }
    if (first.token !== 'id' && first.token !== ',')
      throw new Error(`found '${first.literal}', expected: ',', ')' or identifier`);
    const out: string[] = [];
    for (;;) {
      const { token, literal } = this.next();
      const following = this.peek();
      if (token === 'id') {
        out.push(literal);
        if (following.token === ')') break;
        if (following.token !== ',') throw new Error(`found '${following.literal}', expected: ',' or ')'`);
      } else if (token === ',') {
        if (!out.length || following.token === ',' || following.token === ')') out.push('');
        if (following.token === ')') break;
      } else throw new Error(`found '${literal}', expected: ',', or identifier`);
    }
    this.next();
    return out;
  }
}

/** Parses the text form, as in ?labelSelector=; a bad one is a 400. */
export function parseSelector(text: string): Requirement[] {
  if (!text) return [];
  try {
    return sorted(new Parser(text).parse());
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** ValidateLabels (meta/v1/validation). */
export function validateLabels(labels: Labels, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels ?? {}) {
    for (const message of isQualifiedName(key)) errors.push(invalid(path, key, message));
    const value = (labels as Record<string, string>)[key] as string;
    for (const message of isValidLabelValue(value)) errors.push(invalid(path, value, message));
  }
  return errors;
}

export interface LabelSelectorOptions {
  allowInvalidLabelValueInSelector?: boolean;
  allowUnknownOperatorInRequirement?: boolean;
}

/** ValidateLabelSelector (meta/v1/validation). */
export function validateLabelSelector(
  selector: Obj | undefined | null,
  options: LabelSelectorOptions,
  path: string,
): FieldError[] {
  if (!selector) return [];
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`);
  (selector.matchExpressions ?? []).forEach((expression: Obj, i: number) => {
    errors.push(...validateRequirement(expression, options, `${path}.matchExpressions[${i}]`));
  });
  return errors;
}

function validateRequirement(r: Obj, options: LabelSelectorOptions, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values: string[] = r.values ?? [];
  const { operator } = r;
  if (operator === 'In' || operator === 'NotIn') {
    if (!values.length) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length)
      errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (!options.allowUnknownOperatorInRequirement) {
    errors.push(invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'));
  }
  for (const message of isQualifiedName(r.key ?? '')) errors.push(invalid(`${path}.key`, r.key ?? '', message));
  if (options.allowInvalidLabelValueInSelector) return errors;
  values.forEach((value, i) => {
    for (const message of isValidLabelValue(value)) errors.push(invalid(`${path}.values[${i}]`, value, message));
  });
  return errors;
}

/** Has a stored selector values that today's rules refuse? Updates then go on allowing them. */
export const hasInvalidLabelValue = (selector: Obj | undefined): boolean =>
  (selector?.matchExpressions ?? []).some((e: Obj) => (e.values ?? []).some((v: string) => isValidLabelValue(v).length > 0));

/** metav1.FormatLabelSelector: the selector in text, "<none>" when it selects everything. */
export function formatLabelSelector(selector: Obj | undefined): string {
  const text = selectorToString(fromLabelSelector(selector));
  return text || '<none>';
}
