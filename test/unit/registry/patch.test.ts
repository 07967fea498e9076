import { describe, expect, it } from 'vitest';
import { jsonPatch, PatchError } from '../../../src/registry/patch/json.ts';
import { mergePatch } from '../../../src/registry/patch/merge.ts';
import { typeOf } from '../../../src/api/schema/go-types.ts';
import { strategicMerge, StrategicError } from '../../../src/registry/patch/strategic.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { minimal } from '../../fixtures/objects.ts';
import { RegistryBench, refusal } from '../../host/make-registry.ts';

describe('JSON patches', () => {
  const fails = (document: unknown, ...operations: unknown[]) => {
    expect(() => jsonPatch(document, operations)).toThrow(PatchError);
    try {
      jsonPatch(document, operations);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('[REG40] applies the six operations', () => {
    const document = { a: { b: [1, 2, 3] }, 'x/y': 1 };
    const result = jsonPatch(document, [
      { op: 'test', path: '/a/b/0', value: 1 },
      { op: 'add', path: '/a/b/1', value: 9 },
      { op: 'add', path: '/a/b/-', value: 4 },
      { op: 'remove', path: '/a/b/0' },
      { op: 'replace', path: '/x~1y', value: 2 },
      { op: 'copy', from: '/a/b/0', path: '/c' },
      { op: 'move', from: '/a/b/-1', path: '/d' },
    ]);
    expect(result).toEqual({ a: { b: [9, 2, 3] }, 'x/y': 2, c: 9, d: 4 });
  });

  it("[REG40] fails in json-patch's words", () => {
    expect(fails({ data: { a: 1 } }, { op: 'test', path: '/data/a', value: 2 })).toBe(
      'testing value /data/a failed: test failed',
    );
    expect(fails({}, { op: 'remove', path: '/a' })).toBe(
      "error in remove for path: '/a': Unable to remove nonexistent key: a: missing value",
    );
    expect(fails({}, { op: 'add', path: '/a/b', value: 1 })).toBe(
      'add operation does not apply: doc is missing path: "/a/b": missing value',
    );
    expect(fails({ a: [] }, { op: 'add', path: '/a/5', value: 1 })).toBe(
      "error in add for path: '/a/5': Unable to access invalid index: 5: invalid index referenced",
    );
    expect(fails({ a: [] }, { op: 'replace', path: '/a/0', value: 1 })).toBe(
      'replace operation does not apply: doc is missing key: /a/0: missing value',
    );
    expect(fails({}, { op: 'turn', path: '/a' })).toBe('Unexpected kind: turn');
  });

  it('[REG40] adds what it replaces when it is absent, as json-patch does', () => {
    expect(jsonPatch({}, [{ op: 'replace', path: '/a', value: 1 }])).toEqual({ a: 1 });
  });
});

describe('merge patches', () => {
  it('[REG41] merges objects, replaces the rest, removes by null', () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, d: [1], e: 3 }, { a: { b: null, x: { y: null } }, d: [2, 3], e: null })).toEqual({
      a: { c: 2, x: {} },
      d: [2, 3],
    });
  });
});

describe('strategic merge patches', () => {
  const pod = (spec: Obj): Obj => ({ spec });
  const patch = (original: Obj, change: Obj) => strategicMerge(typeOf('io.k8s.api.core.v1.Pod'), pod(original), pod(change)).spec;

  it('[REG42] merges lists by key and sets by value', () => {
    const merged = patch(
      {
        containers: [
          { name: 'a', image: '1' },
          { name: 'b', image: '1' },
        ],
      },
      {
        containers: [
          { name: 'b', image: '2' },
          { name: 'c', image: '3' },
        ],
      },
    );
    expect(merged.containers.map((c: Obj) => [c.name, c.image])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    const meta = strategicMerge(
      typeOf('io.k8s.api.core.v1.Pod'),
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['b', 'c'] } },
    );
    expect(meta.metadata.finalizers).toEqual(['a', 'b', 'c']);
  });

  it('[REG42] obeys directives', () => {
    const containers = [
      { name: 'a', image: '1' },
      { name: 'b', image: '1' },
    ];
    expect(patch({ containers: [...containers] }, { containers: [{ name: 'a', $patch: 'delete' }] }).containers).toEqual([
      { name: 'b', image: '1' },
    ]);
    expect(patch({ containers: [...containers] }, { containers: [{ name: 'z' }, { $patch: 'replace' }] }).containers).toEqual([
      { name: 'z' },
    ]);
    expect(
      patch({ securityContext: { runAsUser: 1 } }, { securityContext: { $patch: 'replace', fsGroup: 2 } }).securityContext,
    ).toEqual({
      fsGroup: 2,
    });
    expect(patch({ nodeSelector: { a: 'b' } }, { nodeSelector: { $patch: 'delete' } }).nodeSelector).toEqual({});
    const volumes = [{ name: 'v', emptyDir: {} }];
    const retained = patch(
      { volumes },
      { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] },
    );
    expect(retained.volumes).toEqual([{ name: 'v', hostPath: { path: '/x' } }]);
    const meta = strategicMerge(
      typeOf('io.k8s.api.core.v1.Pod'),
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    );
    expect(meta.metadata.finalizers).toEqual(['b']);
  });

  it('[REG42] puts items into the order that the patch asks for', () => {
    const merged = patch(
      { containers: [{ name: 'a' }, { name: 'b' }, { name: 'server' }] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: 'x' }] },
    );
    expect(merged.containers.map((c: Obj) => c.name)).toEqual(['b', 'a', 'server']);
  });

  it('[REG42] refuses what it cannot merge', () => {
    const fails = (change: Obj) => {
      try {
        patch({ containers: [{ name: 'a' }] }, change);
      } catch (error) {
        if (error instanceof StrategicError) return [error.code, error.message];
        throw error;
      }
      return undefined;
    };
    expect(fails({ containers: [{ image: 'x' }] })).toEqual([
      undefined,
      'map: map[image:x] does not contain declared merge key: name',
    ]);
    expect(fails({ containers: [[1]] })?.[1]).toContain('list element types are not identical');
    expect(fails({ securityContext: { $patch: 'bogus' } })).toBeUndefined();
    expect(fails({ $retainKeys: 'x' })).toEqual([400, 'invalid patch format of retainKeys']);
  });
});

describe('patched objects', () => {
  const bench = new RegistryBench();
  const kind = bench.kind('configmaps');
  bench.registry.create(kind, minimal(kind), bench.options(kind));
  const patch = (type: 'json' | 'merge' | 'strategic', body: string, more: Obj = {}) =>
    refusal(() => bench.registry.patch(kind, type, body, bench.options(kind, { name: 'one', ...more })));

  it('[REG43] are a 422 about `patch` when their type cannot hold them', () => {
    const status = patch('merge', '{"data":{"a":1}}');
    expect(status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { causes: [{ field: 'patch', reason: 'FieldValueInvalid' }] },
    });
    expect(status.message).toContain('json: cannot unmarshal number into Go struct field ConfigMap.data of type string');
    expect(patch('strategic', '{"data":{"a":1}}').message).toBe(
      ' "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string',
    );
    expect(patch('json', '[{"op":"test","path":"/data/a","value":1}]')).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'the server rejected our request due to an error in our request',
      reason: 'Invalid',
      details: {},
      code: 422,
    });
  });

  it('[REG43] are checked for unknown and duplicate fields as the request asks', () => {
    const strict = patch('merge', '{"bogus":1,"immutable":true,"immutable":false}', { fieldValidation: 'Strict' });
    expect(strict.message).toContain(
      'strict decoding error: duplicate field \\"immutable\\", unknown field \\"bogus\\"'.replaceAll('\\', ''),
    );
    const options = bench.options(kind, { name: 'one', fieldValidation: 'Warn', dryRun: true });
    expect(bench.registry.patch(kind, 'merge', '{"bogus":1}', options).warnings).toEqual(['unknown field "bogus"']);
    const silent = bench.options(kind, { name: 'one', fieldValidation: 'Ignore', dryRun: true });
    expect(bench.registry.patch(kind, 'merge', '{"bogus":1}', silent).warnings).toEqual([]);
  });

  it('[REG40] [REG41] refuses bodies that are no patches', () => {
    expect(patch('merge', '{bad').message).toBe(
      "error decoding patch: invalid character 'b' looking for beginning of object key string",
    );
    expect(patch('merge', '[1]').message).toBe(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
    expect(patch('json', '{}').message).toBe(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    const many = JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })));
    expect(patch('json', many).code).toBe(413);
  });
});
