import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { ApiFixture } from '../../fixtures/api.ts';

/** Questions in their order, and what a 1.36.3 server answered. Numbers are texts ("#1.0"), for JavaScript would lose their digits. */
interface Question {
  method: string;
  path: string;
  body?: string;
  type?: string;
  accept?: string;
  want: { status: number; warning?: string; body?: unknown; text?: string };
}

const FOLDER = new URL('../../golden/answers/', import.meta.url);
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

const quoted = (text: string): string => text.replace(TOKEN, (token) => (token[0] === '"' ? token : `"#${token}"`));

/** What differs from server to server. */
const blank = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
    .replace(/202\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>')
    .replace(/(resourceVersion\\*":\\*")\d+/g, '$1<revision>');

function dropped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropped);
  if (typeof value !== 'object' || value === null) return value;
  const out: Obj = {};
  for (const [key, inner] of Object.entries(value)) {
    const differs = ['uid', 'resourceVersion', 'creationTimestamp'].includes(key) && inner !== null;
    Object.defineProperty(out, key, { value: differs ? `<${key}>` : dropped(inner), enumerable: true });
  }
  return out;
}

describe("answers are those of the reference: numbers, owners' books, creations, updates, lists, paths", () => {
  for (const file of readdirSync(FOLDER)) {
    const questions: Question[] = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    const api = new ApiFixture();
    api.now = Date.UTC(2026, 0, 1);
    questions.forEach(({ method, path, body, type, accept, want }, i) => {
      it(`[API29][REG14][REG15][REG53] ${file} ${i}: ${method} ${path} ${(body ?? '').slice(0, 60)}`, () => {
        const headers = {
          ...(body !== undefined && { 'content-type': type ?? 'application/json' }),
          accept: accept ?? 'application/json',
        };
        const { status, headers: got, text } = api.ask(method, path, body, headers);
        const answer = want.text === undefined ? { body: dropped(JSON.parse(blank(quoted(text)))) } : { text };
        expect({ status, ...(got.warning && { warning: got.warning }), ...answer }).toEqual(want);
      });
    });
  }
});
