import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clone, equal, type Obj } from '../../src/lib/json.ts';
import {
  difference,
  type FieldSet,
  has,
  insert,
  intersection,
  members,
  parseFields,
  sorted,
  union,
} from '../../src/registry/patch/field-set.ts';
import { jsonPatch } from '../../src/registry/patch/json.ts';
import { mergePatch } from '../../src/registry/patch/merge.ts';
import { typeOf } from '../../src/api/schema/go-types.ts';
import { strategicMerge } from '../../src/registry/patch/strategic.ts';

const scalar = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: -3, max: 3 }), fc.boolean());
const { document } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('document')),
  document: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd/e', 'f~g'), tie('value'), { maxKeys: 4 }),
})) as { document: fc.Arbitrary<Obj> };

/** Operations that turn one document into another. */
function steps(from: Obj, to: Obj, at = ''): Obj[] {
  const out: Obj[] = [];
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const path = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const plain = (v: unknown) => typeof v === 'object' && v !== null && !Array.isArray(v);
    if (!(key in to)) out.push({ op: 'remove', path });
    else if (!(key in from)) out.push({ op: 'add', path, value: to[key] });
    else if (plain(from[key]) && plain(to[key])) out.push(...steps(from[key], to[key], path));
    else if (!equal(from[key], to[key])) out.push({ op: 'replace', path, value: to[key] });
  }
  return out;
}

/** The merge patch that turns one document into another; undefined where none can: nulls are not ours here. */
function merging(from: Obj, to: Obj): Obj {
  const out: Obj = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const plain = (v: unknown) => typeof v === 'object' && v !== null && !Array.isArray(v);
    if (!(key in to)) out[key] = null;
    else if (plain(from[key]) && plain(to[key])) out[key] = merging(from[key], to[key]);
    else if (!equal(from[key], to[key])) out[key] = to[key];
  }
  return out;
}

describe('patches', () => {
  it('[REG40] a JSON patch made of the difference makes the other document', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        expect(jsonPatch(clone(a), steps(a, b))).toEqual(b);
      }),
    );
  });

  it('[REG41] so does a merge patch, and applied again it changes nothing', () => {
    fc.assert(
      fc.property(document, document, (a, b) => {
        const patch = merging(a, b);
        const once = mergePatch(clone(a), clone(patch)) as Obj;
        expect(once).toEqual(b);
        expect(mergePatch(clone(once), clone(patch))).toEqual(once);
      }),
    );
  });

  it('[REG42] a strategic merge keeps every item that it does not name, and applied again changes nothing', () => {
    const container = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      image: fc.constantFrom('1', '2'),
      tty: fc.boolean(),
    });
    const list = fc.uniqueArray(container, { selector: (c) => c.name, maxLength: 4 });
    fc.assert(
      fc.property(list, list, (old, next) => {
        const run = (from: Obj) => strategicMerge(typeOf('io.k8s.api.core.v1.PodSpec'), from, { containers: clone(next) });
        const once = run({ containers: clone(old) });
        const names = once.containers.map((c: Obj) => c.name);
        expect([...names].sort()).toEqual([...new Set([...old, ...next].map((c) => c.name))].sort());
        for (const c of next) expect(once.containers.find((o: Obj) => o.name === c.name)).toEqual(c);
        expect(names.filter((n: string) => next.some((c) => c.name === n))).toEqual(next.map((c) => c.name));
        expect(run(clone(once))).toEqual(once);
      }),
    );
  });
});

describe('field sets', () => {
  const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"z"');
  const paths = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
  const make = (list: string[][]): FieldSet => {
    const set: FieldSet = {};
    for (const path of list) insert(set, path);
    return set;
  };
  const texts = (set: FieldSet) =>
    members(set)
      .map((path) => path.join(' '))
      .sort();
  const model = (list: string[][]) => new Set(list.map((path) => path.join(' ')));

  it('[REG50] behave as sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const [a, b] = [make(left), make(right)];
        const [x, y] = [model(left), model(right)];
        expect(texts(a)).toEqual([...x].sort());
        expect(texts(union(a, b))).toEqual([...new Set([...x, ...y])].sort());
        expect(texts(intersection(a, b))).toEqual([...x].filter((p) => y.has(p)).sort());
        expect(texts(difference(a, b))).toEqual([...x].filter((p) => !y.has(p)).sort());
        for (const path of right) expect(has(a, path)).toBe(x.has(path.join(' ')));
        expect(texts(a)).toEqual([...x].sort());
      }),
    );
  });

  it('[REG50] survive their own text, in one order', () => {
    fc.assert(
      fc.property(paths, (list) => {
        const text = JSON.stringify(sorted(make(list)));
        expect(JSON.stringify(sorted(make([...list].reverse())))).toBe(text);
        expect(JSON.stringify(sorted(parseFields(JSON.parse(text)) as FieldSet))).toBe(text);
      }),
    );
  });
});
