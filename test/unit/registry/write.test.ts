import { beforeEach, describe, expect, it } from 'vitest';
import { resourceOf } from '../../../src/api/machinery/define-kind.ts';
import { badRequest } from '../../../src/api/machinery/status-errors.ts';
import { clone, type KubeObject, type Obj } from '../../../src/lib/json.ts';
import type { AdmissionRequest } from '../../../src/registry/ports.ts';
import { Registry } from '../../../src/registry/registry.ts';
import { kindTable } from '../../../src/api/kinds.ts';
import { seeded } from '../../fixtures/prng.ts';
import { errorBody } from '../../../src/api/machinery/field-errors.ts';
import { validateDeleteOptions } from '../../../src/registry/deletion.ts';
import { minimal } from '../../fixtures/objects.ts';
import { RegistryBench, refusal } from '../../host/make-registry.ts';

describe('writes', () => {
  let bench: RegistryBench;
  const maps = () => bench.kind('configmaps');
  const make = (name: string, more: Obj = {}) =>
    bench.registry.create(maps(), minimal(maps(), name, more), bench.options(maps()));

  beforeEach(() => {
    bench = new RegistryBench();
  });

  it('[REG1] is part of the transaction around it, and rolls back alone', () => {
    bench.registry.transaction(() => {
      make('a');
      expect(() =>
        bench.registry.transaction(() => {
          make('b');
          throw new Error('no');
        }),
      ).toThrow('no');
      make('c');
    });
    expect(bench.registry.store.after(0).map((row) => [row.rev, row.name])).toEqual([
      [1, 'a'],
      [2, 'c'],
    ]);
  });

  it('[REG1] takes no callback that returns a promise', () => {
    const wrong = [
      // @ts-expect-error a transaction is synchronous
      () => bench.registry.transaction(async () => 1),
      // @ts-expect-error a transaction is synchronous
      () => bench.registry.transaction(() => Promise.resolve()),
      // @ts-expect-error a transaction is synchronous
      () => bench.registry.store.transaction(async () => 1),
    ];
    const right: number = bench.registry.transaction(() => wrong.length);
    expect(right).toBe(3);
  });

  it('[REG35] forgets what never was', () => {
    make('a');
    expect(() =>
      bench.registry.transaction(() => {
        make('b');
        expect(bench.registry.objects('configmaps')).toHaveLength(2);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(bench.registry.objects('configmaps').map((o) => o.metadata.name)).toEqual(['a']);
    make('c');
    expect(bench.registry.objects('configmaps').map((o) => o.metadata.name)).toEqual(['a', 'c']);
    expect(bench.registry.object('configmaps', 'default', 'c')?.metadata.resourceVersion).toBe('2');
  });

  it('[REG35] keeps lists and owners in step with writes, and leaves what was handed out alone', () => {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u1' };
    make('b', { ownerReferences: [owner] });
    const before = bench.registry.objects('configmaps', 'default');
    const owned = () => bench.registry.view.ownedBy('u1', 'configmaps').map((o) => o.metadata.name);
    expect(owned()).toEqual(['b']);
    make('a', { ownerReferences: [owner] });
    expect(before.map((o) => o.metadata.name)).toEqual(['b']);
    expect(bench.registry.objects('configmaps', 'default').map((o) => o.metadata.name)).toEqual(['a', 'b']);
    expect(owned()).toEqual(['a', 'b']);
    bench.registry.patch(maps(), 'merge', '{"metadata":{"ownerReferences":null}}', bench.options(maps(), { name: 'a' }));
    expect(owned()).toEqual(['b']);
    expect(bench.registry.view.ownedBy('u1').map((o) => o.metadata.name)).toEqual(['b']);
    bench.remove(maps(), 'b');
    expect(owned()).toEqual([]);
  });

  it('[REG35] tells what changed since a revision, until it is compacted', () => {
    make('a');
    bench.registry.patch(maps(), 'merge', '{"data":{"x":"1"}}', bench.options(maps(), { name: 'a' }));
    bench.remove(maps(), 'a');
    const changes = bench.registry.view.since(0) ?? [];
    expect(changes.map((c) => [c.type, c.object.data?.x, c.old?.data?.x])).toEqual([
      ['ADDED', undefined, undefined],
      ['MODIFIED', '1', undefined],
      ['DELETED', '1', '1'],
    ]);
    bench.registry.store.compact(2);
    expect(bench.registry.view.since(1)).toBeUndefined();
  });

  it('[REG12] keeps equal owner references once', () => {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u1' };
    const { object, warnings } = make('a', { ownerReferences: [owner, { ...owner }, { ...owner, name: 'm' }] });
    expect(object.metadata.ownerReferences).toHaveLength(2);
    expect(warnings).toEqual([expect.stringContaining('duplicate UID(s) observed: u1')]);
  });

  it('[REG4] gives up when eight names are taken', () => {
    const stuck = new Registry({
      kinds: () => kindTable(false),
      store: bench.registry.store,
      random: { ...seeded(1), next: () => 0 },
      admission: [],
      allocators: {},
    });
    const create = () => stuck.create(maps(), minimal(maps(), '', { generateName: 'x-' }), bench.options(maps()));
    expect(create().object.metadata.name).toBe('x-bbbbb');
    expect(refusal(create)).toMatchObject({
      code: 409,
      message: 'configmaps "x-bbbbb" already exists, the server was not able to generate a unique name for the object',
      details: { retryAfterSeconds: 1 },
    });
  });

  it('[REG5] says of a name whose object is going that it is', () => {
    make('a', { finalizers: ['example.com/f'] });
    bench.remove(maps(), 'a');
    expect(refusal(() => make('a')).message).toBe('object is being deleted: configmaps "a" already exists');
  });

  it('[REG3] lets admission change and refuse, and the allocator take part', () => {
    const calls: string[] = [];
    const note = (name: string) => () => void calls.push(name);
    bench = new RegistryBench({
      admission: [
        {
          mutate: (r) => {
            calls.push(`mutate ${r.operation}`);
            if (r.object && r.operation === 'CREATE') r.object.data = { from: 'admission' };
          },
          review: (r) => void calls.push(`review ${r.operation}`),
        },
      ],
      allocators: { configmaps: { create: note('allocate'), update: note('reallocate'), release: note('release') } },
    });
    expect(make('a').object.data).toEqual({ from: 'admission' });
    bench.registry.patch(maps(), 'merge', '{"data":{"x":"y"}}', bench.options(maps(), { name: 'a' }));
    bench.remove(maps(), 'a');
    expect(calls).toEqual([
      'mutate CREATE',
      'allocate',
      'review CREATE',
      'mutate UPDATE',
      'reallocate',
      'review UPDATE',
      'mutate DELETE',
      'review DELETE',
      'release',
    ]);
  });

  it('[REG16] asks admissions in their order, and the later ones only of what the earlier ones let pass', () => {
    const calls: string[] = [];
    const admission = (name: string, refused?: string) => ({
      mutate: () => void calls.push(`mutate ${name}`),
      review: ({ name: object }: AdmissionRequest) => {
        calls.push(`review ${name}`);
        if (object === refused) throw badRequest('no');
      },
    });
    bench = new RegistryBench({
      admission: [admission('1', 'b'), { review: () => void calls.push('review 2') }, admission('3')],
    });
    make('a');
    expect(calls.splice(0)).toEqual(['mutate 1', 'mutate 3', 'review 1', 'review 2', 'review 3']);
    expect(refusal(() => make('b')).message).toBe('no');
    expect(calls).toEqual(['mutate 1', 'mutate 3', 'review 1']);
  });

  it('[REG16] tells reviewers how many bytes an object will take and takes, and nothing where nothing changes', () => {
    const sizes: unknown[] = [];
    bench = new RegistryBench({
      admission: [{ review: (r) => void sizes.push(r.operation === 'DELETE' ? undefined : r.size?.()) }],
    });
    const length = () => bench.registry.get(maps(), 'default', 'a').json.length;
    const patch = (data: Obj) =>
      bench.registry.patch(maps(), 'merge', JSON.stringify({ data }), bench.options(maps(), { name: 'a' }));
    make('a');
    const before = length();
    expect(sizes).toEqual([{ after: before, before: 0 }]);
    patch({ x: 'yyy' });
    expect(sizes[1]).toEqual({ after: length(), before });
    patch({ x: 'yyy' });
    expect(sizes[2]).toBeUndefined();
  });

  it('[REG16] stores what was reviewed, also when a reviewer writes and so takes the revision that it would have had', () => {
    bench = new RegistryBench({
      admission: [
        {
          review: ({ name, size }, cluster) => {
            const bytes = size?.().after;
            if (name !== 'a') return;
            cluster.create('configmaps', minimal(maps(), 'b', {}), bench.options(maps()));
            expect(size?.().after).toBe(bytes);
          },
        },
      ],
    });
    make('a');
    expect(bench.registry.store.after(0).map((row) => [row.name, JSON.parse(row.json).metadata.resourceVersion])).toEqual([
      ['b', '1'],
      ['a', '2'],
    ]);
  });

  it('[REG17] hands over what was noted once, with the answer or the refusal, and nothing of an attempt that ended otherwise', () => {
    const told: string[] = [];
    const ends: Record<string, Error> = { refused: badRequest('no'), unanswered: new Error('ask first') };
    bench = new RegistryBench({
      admission: [
        {
          review: ({ name, annotate, warn }) => {
            annotate?.('of', name);
            warn(`warned of ${name}`);
            if (ends[name]) throw ends[name];
          },
        },
      ],
    });
    const options = bench.options(maps(), { annotate: (key, value) => void told.push(`${key}=${value}`) });
    const create = (name: string) => bench.registry.create(maps(), minimal(maps(), name), options);
    expect(() => create('unanswered')).toThrow('ask first');
    expect(told).toEqual([]);
    expect(create('a').warnings).toEqual(['warned of a']);
    expect(refusal(() => create('refused')).message).toBe('no');
    expect(told).toEqual(['of=a', 'of=refused']);
  });

  it('[REG8] words versions that are none as Go does', () => {
    make('a');
    const update = (resourceVersion: string) =>
      refusal(() =>
        bench.registry.update(maps(), minimal(maps(), 'a', { resourceVersion }), bench.options(maps(), { name: 'a' })),
      );
    expect(update('X')).toMatchObject({ code: 500, message: 'strconv.ParseUint: parsing "X": invalid syntax' });
    expect(update('9'.repeat(20)).message).toMatch(/: value out of range$/);
  });

  it('[REG50] owns an empty list where a list is always printed, though none is stored', () => {
    const roles = bench.kind('rbac.authorization.k8s.io/roles');
    const role = (rules?: Obj[]) => ({ ...minimal(roles, rules ? 'with' : 'without'), rules }) as unknown as KubeObject;
    const fields = (object: KubeObject) =>
      bench.registry.create(roles, object, bench.options(roles)).object.metadata.managedFields?.[0]?.fieldsV1 ?? {};
    expect(fields(role([]))).toMatchObject({ 'f:rules': {} });
    expect(fields(role())).not.toHaveProperty('f:rules');
  });

  it('[REG11] moves the generation with the spec only', () => {
    const kind = bench.kind('apps/deployments');
    bench.registry.create(kind, minimal(kind), bench.options(kind));
    const patch = (body: string) =>
      bench.registry.patch(kind, 'merge', body, bench.options(kind, { name: 'one' })).object.metadata.generation;
    expect(patch('{"metadata":{"labels":{"x":"y"}}}')).toBe(1);
    expect(patch('{"spec":{"replicas":5}}')).toBe(2);
    expect(patch('{"metadata":{"generation":9}}')).toBe(2);
  });
});

describe('deletions', () => {
  let bench: RegistryBench;
  const pods = () => bench.kind('pods');
  const pod = (name: string, more: Obj = {}) => {
    const object = minimal(pods(), name, more);
    object.spec.nodeName = 'n';
    return bench.registry.create(pods(), object, bench.options(pods())).object;
  };
  const live = (name: string) => bench.registry.object('pods', 'default', name);

  beforeEach(() => {
    bench = new RegistryBench();
  });

  it('[REG23] waits for the grace period, which can only get shorter', () => {
    pod('a');
    expect(bench.remove(pods(), 'a')).toMatchObject({ deleted: false, body: { kind: 'Pod' } });
    expect(live('a')?.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    expect(bench.remove(pods(), 'a', { gracePeriodSeconds: 60 }).deleted).toBe(false);
    bench.remove(pods(), 'a', { gracePeriodSeconds: 10 });
    expect(live('a')?.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:10Z',
      deletionGracePeriodSeconds: 10,
      generation: 2,
    });
    bench.now += 60_000;
    bench.remove(pods(), 'a', { gracePeriodSeconds: 5 });
    expect(live('a')?.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: 1 });
    expect(bench.remove(pods(), 'a', { gracePeriodSeconds: 0 }).deleted).toBe(true);
    expect(live('a')).toBeUndefined();
  });

  it('[REG26] answers a deletion with a Status, and with the object while it waits', () => {
    const maps = bench.kind('configmaps');
    const make = (name: string, more: Obj = {}) => bench.registry.create(maps, minimal(maps, name, more), bench.options(maps));
    const made = make('a');
    expect(bench.remove(maps, 'a').body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: made.object.metadata.uid },
    });
    make('b', { finalizers: ['example.com/f'] });
    expect(bench.remove(maps, 'b').body).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'b', finalizers: ['example.com/f'] },
    });
  });

  it('[REG27] says the end of the grace period in the DELETED row', () => {
    pod('a');
    bench.remove(pods(), 'a');
    bench.remove(pods(), 'a', { gracePeriodSeconds: 0 });
    const [last] = bench.registry.store.after(2);
    expect([last?.type, JSON.parse(last?.json ?? '').metadata.deletionGracePeriodSeconds]).toEqual(['DELETED', 0]);
  });

  it('[REG21] keeps a pod with finalizers after its grace period', () => {
    pod('a', { finalizers: ['example.com/f'] });
    bench.remove(pods(), 'a', { gracePeriodSeconds: 0 });
    expect(live('a')?.metadata.deletionGracePeriodSeconds).toBe(0);
    bench.registry.patch(pods(), 'merge', '{"metadata":{"finalizers":null}}', bench.options(pods(), { name: 'a' }));
    expect(live('a')).toBeUndefined();
  });

  it('[REG22] answers 202 when dependents go first, and orphans by default where the kind says so', () => {
    const maps = bench.kind('configmaps');
    bench.registry.create(maps, minimal(maps, 'a', { finalizers: ['example.com/f'] }), bench.options(maps));
    expect(bench.remove(maps, 'a', { orphanDependents: false }).code).toBe(202);
    const jobs = bench.kind('replicationcontrollers');
    bench.registry.create(jobs, minimal(jobs), bench.options(jobs));
    bench.remove(jobs, 'one');
    expect(bench.registry.object(resourceOf(jobs), 'default', 'one')?.metadata.finalizers).toEqual(['orphan']);
  });

  it('[REG22] knows which options contradict each other, and which policies there are', () => {
    const said = (options: Obj) => validateDeleteOptions(options).map(errorBody);
    expect(said({ propagationPolicy: 'Orphan', orphanDependents: true })).toEqual([
      'Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ]);
    expect(said({ propagationPolicy: 'Foo' })).toEqual([
      'Unsupported value: "Foo": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]);
    expect(said({ propagationPolicy: 'Foreground' })).toEqual([]);
  });

  it('[REG25] ends a namespace in two steps', () => {
    const kind = bench.kind('namespaces');
    bench.registry.create(kind, minimal(kind, 'n'), bench.options(kind));
    expect(bench.remove(kind, 'n').body).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    expect(bench.remove(kind, 'n').deleted).toBe(false);
    const object = clone(bench.registry.object('namespaces', '', 'n')) as KubeObject;
    object.spec.finalizers = [];
    bench.registry.update(kind, object, bench.options(kind, { name: 'n', subresource: 'finalize' }));
    if (bench.registry.object('namespaces', '', 'n')) bench.remove(kind, 'n');
    expect(bench.registry.object('namespaces', '', 'n')).toBeUndefined();
  });

  it('[REG28] deletes a collection by selector', () => {
    const maps = bench.kind('configmaps');
    for (const [name, app] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'x'],
    ]) {
      bench.registry.create(maps, minimal(maps, name, { labels: { app } }), bench.options(maps));
    }
    const list = bench.registry.deleteCollection(maps, { ...bench.options(maps), labelSelector: 'app=x' });
    expect(list.rows.map((row) => row.name)).toEqual(['a', 'c']);
    expect(bench.registry.objects('configmaps').map((o) => o.metadata.name)).toEqual(['b']);
  });
});
