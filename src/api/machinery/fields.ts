import { ownProperty } from '../../lib/own-property.ts';
import { goQuote } from './go-text.ts';
import { badRequest } from './status-errors.ts';

/** Field selectors (apimachinery fields/selector.go): terms `path=value` or `path!=value`, all of which must hold. */
export interface FieldTerm {
  field: string;
  value: string;
  equal: boolean;
}

/** Parses a field selector; a bad one is a 400. Terms come sorted, as upstream prints them. */
export function parseFieldSelector(text: string): FieldTerm[] {
  if (!text) return [];
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort(byBytes)) {
    if (!part) continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(part);
    if (match?.[1] === '' && match[3] === '') continue;
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    terms.push({ field: match[1] as string, equal: match[2] !== '!=', value: unescape(match[3] as string) });
  }
  return terms;
}

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescape(text: string): string {
  if (!/[\\,=]/.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '\\') {
      const next = text[++i];
      if (next === undefined || !'\\,='.includes(next)) {
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
      }
      out += next;
    } else if (c === ',' || c === '=') {
      throw badRequest(`invalid field selector: unescaped character in value: ${c.charCodeAt(0)}`);
    } else out += c;
  }
  return out;
}

const META: Record<string, string[]> = { 'metadata.name': ['metadata', 'name'], 'metadata.namespace': ['metadata', 'namespace'] };

/** The 400 for a label that the kind does not offer. Kinds with labels of their own word it differently (their conversion.go). */
export function checkFields(terms: FieldTerm[], selectable: Record<string, string[]> | undefined): void {
  for (const { field } of terms) {
    if (ownProperty(META, field) || (selectable && ownProperty(selectable, field))) continue;
    if (selectable) throw badRequest(`field label not supported: ${field}`);
    throw badRequest(`${goQuote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
  }
}

/** A selector of another served version in the labels of the stored one; a 400 for those that the version does not have. */
export function relabel(selector: string, labels: Readonly<Record<string, string>>): string {
  const terms = parseFieldSelector(selector).map((term) => {
    const field = ownProperty(labels, term.field);
    if (field === undefined) throw badRequest(`field label not supported: ${term.field}`);
    return { ...term, field };
  });
  return fieldSelectorToString(terms);
}

/** Values of absent booleans and numbers (upstream prints the zero values of the Go fields). */
export const FIELD_ZERO: Record<string, string> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.successful': '0',
};

/** Where else a value is sought when it is empty (the events' ToSelectableFields). */
export const FIELD_FALLBACK: Record<string, string[]> = { source: ['reportingComponent'] };

/** The value at a path as text: absent is `zero`, booleans and numbers as Go prints them. */
export function fieldValue(object: unknown, path: string[], zero = ''): string {
  let at: any = object;
  for (const segment of path) {
    if (at === null || typeof at !== 'object') return zero;
    at = at[segment];
  }
  return at === undefined || at === null ? zero : String(at);
}

/** Do all terms hold? */
export function matchesFields(terms: FieldTerm[], object: unknown, selectable?: Record<string, string[]>): boolean {
  for (const term of terms) {
    const path = META[term.field] ?? selectable?.[term.field];
    if (!path) return false;
    const fallback = FIELD_FALLBACK[term.field];
    const value = fieldValue(object, path, FIELD_ZERO[term.field]) || (fallback ? fieldValue(object, fallback) : '');
    if ((value === term.value) !== term.equal) return false;
  }
  return true;
}

/** The value that a field is required to have, when the selector names exactly one. */
export function exactField(terms: FieldTerm[], field: string): string | undefined {
  return terms.find((t) => t.field === field && t.equal)?.value;
}

/** Prints a selector again, escaped. */
export function fieldSelectorToString(terms: FieldTerm[]): string {
  return terms.map((t) => `${t.field}${t.equal ? '=' : '!='}${t.value.replace(/[\\,=]/g, '\\$&')}`).join(',');
}
