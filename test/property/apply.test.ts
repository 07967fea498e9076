import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clone, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { type FieldSet, has, members } from '../../src/registry/patch/field-set.ts';
import { goSchema } from '../../src/api/schema/go.ts';
import { wholeSet } from '../../src/registry/patch/typed.ts';
import { RegistryBench } from '../host/make-registry.ts';

/** Who does what to one ConfigMap. */
interface Step {
  manager: string;
  verb: 'apply' | 'merge';
  data: Record<string, string>;
}

const step: fc.Arbitrary<Step> = fc.record({
  manager: fc.constantFrom('one', 'two', 'three'),
  verb: fc.constantFrom('apply', 'apply', 'merge'),
  data: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y'), { maxKeys: 3 }),
});

function play(steps: Step[], check: (object: KubeObject, step: Step) => void): RegistryBench {
  const bench = new RegistryBench();
  const kind = bench.kind('configmaps');
  const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { base: 'x' } } as unknown as KubeObject;
  bench.registry.create(kind, base, bench.options(kind, { fieldManager: 'base' }));
  for (const s of steps) {
    bench.now += 1000;
    const options = bench.options(kind, { name: 'c', fieldManager: s.manager, force: true });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: s.data };
    const text = JSON.stringify(s.verb === 'apply' ? body : { data: s.data });
    check(bench.registry.patch(kind, s.verb, text, options).object, s);
  }
  return bench;
}

const owned = (object: KubeObject): [Obj, string[][]][] =>
  (object.metadata.managedFields ?? []).map((m) => [m, members(m.fieldsV1 as FieldSet)]);

describe('server-side apply', () => {
  it('[REG44] sets what was applied, and keeps what others set', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        play(steps, (object, s) => {
          for (const key in s.data) expect(object.data[key]).toBe(s.data[key]);
          expect(object.data.base).toBe('x');
        });
      }),
      { numRuns: 60 },
    );
  });

  it('[REG50] owners own only what is there, and somebody owns every value', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        play(steps, (object) => {
          const everything = wholeSet(goSchema('io.k8s.api.core.v1.ConfigMap').shape, object);
          const all = new Set<string>();
          for (const [, paths] of owned(object)) {
            for (const path of paths) {
              expect(has(everything, path)).toBe(true);
              all.add(path.join(' '));
            }
          }
          for (const key in object.data) expect(all.has(`f:data f:${key}`)).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('[REG44] a value that was applied goes when its only owner stops applying it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const bench = play(steps, () => {});
        const kind = bench.kind('configmaps');
        const before = clone(bench.registry.object('configmaps', 'default', 'c') as KubeObject);
        const empty = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } });
        const options = bench.options(kind, { name: 'c', fieldManager: 'one', force: true });
        const after = bench.registry.patch(kind, 'apply', empty, options).object;
        const owners = (key: string) => owned(before).filter(([, paths]) => paths.some((p) => p.join(' ') === `f:data f:${key}`));
        for (const key in before.data) {
          const alone = owners(key).every(([m]) => m.manager === 'one' && m.operation === 'Apply');
          expect(after.data?.[key]).toBe(alone ? undefined : before.data[key]);
        }
        expect(after.metadata.managedFields?.some((m) => m.manager === 'one' && m.operation === 'Apply')).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it('[REG2] [REG52] the same again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const last = { ...(steps[steps.length - 1] as Step), verb: 'apply' as const };
        const objects: KubeObject[] = [];
        play([...steps, last, last], (object) => objects.push(object));
        const [one, two] = objects.slice(-2);
        expect(two).toEqual(one);
      }),
      { numRuns: 60 },
    );
  });
});
