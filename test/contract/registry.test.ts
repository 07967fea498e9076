import { beforeEach, describe, expect, it } from 'vitest';
import { kinds } from '../../src/api/kinds.ts';
import { apiVersionOf, resourceOf } from '../../src/api/machinery/define-kind.ts';
import { clone, type KubeObject, type Obj } from '../../src/lib/json.ts';
import { hasFixedName, minimal } from '../fixtures/objects.ts';
import { RegistryBench, refusal } from '../host/make-registry.ts';
import golden from '../golden/registry/facts.json' with { type: 'json' };

/**
 * What a 1.36.3 API server did, asked with a PUT of an unknown name, a PUT without resourceVersion, and a DELETE of an object without
 * finalizers. null: it cannot be asked, for the deletion of a CustomResourceDefinition always waits for its objects.
 */
interface Facts {
  createOnUpdate: boolean;
  needsResourceVersion: boolean;
  returnsDeleted: boolean | null;
}

/** Upstream's resttest: what must hold of every stored kind, whatever it is. */
const stored = kinds.filter((kind) => (kind.verbs ?? ['create', 'update', 'delete']).includes('update'));

describe.each(stored.map((kind) => [resourceOf(kind), kind] as const))('%s', (resource, kind) => {
  const facts = (golden as Record<string, Facts>)[resource] as Facts;
  let bench: RegistryBench;
  let made: KubeObject;
  let name: string;
  const options = (more: Obj = {}) => bench.options(kind, more);
  const create = (object: KubeObject, more: Obj = {}) => bench.registry.create(kind, object, options(more));
  const update = (object: KubeObject, more: Obj = {}) =>
    bench.registry.update(kind, object, options({ name: object.metadata.name, ...more }));
  const patch = (type: 'json' | 'merge' | 'strategic' | 'apply', body: unknown, more: Obj = {}) =>
    bench.registry.patch(kind, type, JSON.stringify(body), options({ name, ...more }));
  const live = () => JSON.parse(bench.registry.get(kind, 'default', name).json) as KubeObject;
  const note = (value: string) => ({ metadata: { annotations: { note: value } } });

  beforeEach(() => {
    bench = new RegistryBench();
    made = create(minimal(kind)).object;
    name = made.metadata.name;
  });

  it('[REG2] gives what was created, at its revision', () => {
    expect(live()).toEqual(JSON.parse(JSON.stringify(made)));
    expect(made.metadata.resourceVersion).toBe(String(bench.registry.store.revision()));
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  it('[REG13] begins its text with kind, apiVersion and metadata', () => {
    const lead = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},"metadata":{"name":`;
    expect(bench.registry.get(kind, 'default', name).json.startsWith(lead)).toBe(true);
  });

  it('[REG5] refuses a name twice', () => {
    const status = refusal(() => create(minimal(kind)));
    expect(status).toMatchObject({ code: 409, reason: 'AlreadyExists', details: { name, kind: kind.resource } });
  });

  it('[REG6] wipes what only the server sets', () => {
    if (hasFixedName(kind)) return;
    const { object } = create(
      minimal(kind, 'two', { uid: 'x', creationTimestamp: '2000-01-01T00:00:00Z', deletionTimestamp: '2000-01-01T00:00:00Z' }),
    );
    expect(object.metadata.uid).not.toBe('x');
    expect(object.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(object.metadata.deletionTimestamp).toBeUndefined();
  });

  it('[REG4] generates names', () => {
    if (hasFixedName(kind)) return;
    const object = minimal(kind);
    object.metadata.generateName = 'made-';
    object.metadata.name = '';
    expect(create(object).object.metadata.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('[REG9] knows what is not there', () => {
    expect(refusal(() => bench.registry.get(kind, 'default', 'nobody'))).toMatchObject({ code: 404, reason: 'NotFound' });
    expect(refusal(() => bench.remove(kind, 'nobody'))).toMatchObject({ code: 404 });
    expect(refusal(() => patch('merge', note('x'), { name: 'nobody' }))).toMatchObject({ code: 404 });
    const nobody = minimal(kind);
    nobody.metadata.name = 'nobody';
    if (facts.createOnUpdate) expect(update(nobody).created).toBe(true);
    else expect(refusal(() => update(nobody))).toMatchObject({ code: 404 });
  });

  it('[REG2] appends nothing for an update that changes nothing', () => {
    const before = bench.registry.store.revision();
    bench.now += 60_000;
    expect(update(clone(made)).object.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    expect(bench.registry.store.revision()).toBe(before);
  });

  it('[REG8] refuses an old resourceVersion, and an update without one where the kind needs it', () => {
    patch('merge', note('1'));
    const old = clone(made);
    old.metadata.annotations = { note: '2' };
    expect(refusal(() => update(old))).toMatchObject({
      code: 409,
      message: expect.stringContaining(
        'the object has been modified; please apply your changes to the latest version and try again',
      ),
    });
    const free = clone(live());
    free.metadata.resourceVersion = '';
    free.metadata.annotations = { note: '3' };
    if (facts.needsResourceVersion) expect(refusal(() => update(free))).toMatchObject({ code: 422 });
    else expect(update(free).object.metadata.annotations?.note).toBe('3');
  });

  it('[REG8] refuses another uid', () => {
    const other = clone(made);
    other.metadata.uid = 'other';
    const status = refusal(() => update(other));
    expect(status.code).toBe(409);
    expect(status.message).toContain(`Precondition failed: UID in precondition: other, UID in object meta: ${made.metadata.uid}`);
  });

  it('[REG7] refuses another name and namespace than the address', () => {
    expect(refusal(() => update(clone(made), { name: 'other' })).code).toBe(400);
    if (!kind.namespaced) return;
    expect(refusal(() => update(clone(made), { namespace: 'elsewhere' })).code).toBe(400);
    expect(refusal(() => create(minimal(kind, 'three'), { namespace: 'elsewhere' })).code).toBe(400);
  });

  it('[REG10] leaves nothing of a dry run', () => {
    const before = bench.registry.store.revision();
    if (!hasFixedName(kind)) {
      expect(create(minimal(kind, 'dry'), { dryRun: true }).object.metadata.resourceVersion).toBeUndefined();
    }
    expect(patch('merge', note('dry'), { dryRun: true }).object.metadata.annotations?.note).toBe('dry');
    expect(bench.remove(kind, name, { dryRun: true }).code).toBe(200);
    expect(bench.registry.store.revision()).toBe(before);
    expect(bench.registry.object(resource, made.metadata.namespace ?? '', name)).toEqual(made);
  });

  it('[REG20] deletes, and tells it', () => {
    const before = bench.registry.store.revision();
    const result = bench.remove(kind, name, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    if (kind.subresources?.finalize) {
      expect(result.body.status.phase).toBe('Terminating');
      return;
    }
    expect(result).toMatchObject({ deleted: true, code: 200 });
    if (facts.returnsDeleted !== null) expect(result.body.kind).toBe(facts.returnsDeleted ? kind.kind : 'Status');
    const rows = bench.registry.store.after(before);
    expect(rows.map((row) => [row.type, row.name])).toEqual([['DELETED', name]]);
    expect(JSON.parse(rows[0]?.json ?? '').metadata.resourceVersion).toBe(String(rows[0]?.rev));
    expect(refusal(() => bench.registry.get(kind, 'default', name)).code).toBe(404);
  });

  it('[REG24] holds preconditions of a deletion', () => {
    expect(refusal(() => bench.remove(kind, name, { preconditions: { uid: 'x' } })).code).toBe(409);
    expect(refusal(() => bench.remove(kind, name, { preconditions: { resourceVersion: '0' } })).code).toBe(409);
    expect(live().metadata.deletionTimestamp).toBeUndefined();
  });

  it('[REG21] waits for finalizers', () => {
    if (kind.subresources?.finalize) return;
    patch('merge', { metadata: { finalizers: ['example.com/f'] } });
    const result = bench.remove(kind, name, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    expect(result.deleted).toBe(false);
    expect(result.body.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    patch('merge', { metadata: { finalizers: null } });
    expect(refusal(() => bench.registry.get(kind, 'default', name)).code).toBe(404);
  });

  it('[REG22] turns propagation policies into finalizers', () => {
    if (kind.subresources?.finalize || resource === 'events') return;
    bench.remove(kind, name, { propagationPolicy: 'Foreground', gracePeriodSeconds: 0 });
    expect(live().metadata.finalizers).toEqual(['foregroundDeletion']);
  });

  it('[REG30] lists by labels and names', () => {
    const names = (o: Obj) => bench.registry.list(kind, { namespace: '', ...o }).rows.map((row) => row.name);
    expect(names({})).toContain(name);
    expect(names({ labelSelector: 'app=x' })).toContain(name);
    expect(names({ labelSelector: 'app in (y,z)' })).toEqual([]);
    expect(names({ labelSelector: '!app' })).toEqual([]);
    expect(names({ labelSelector: 'app!=y,app' })).toContain(name);
    expect(names({ fieldSelector: `metadata.name=${name}` })).toEqual([name]);
    expect(names({ fieldSelector: `metadata.name!=${name}` })).not.toContain(name);
    expect(refusal(() => names({ fieldSelector: 'spec.bogus=1' })).code).toBe(400);
  });

  it('[REG40] [REG41] [REG42] [REG44] takes the four patches', () => {
    const annotations = () => {
      const { note: noted, applied } = live().metadata.annotations ?? {};
      return { note: noted, applied };
    };
    patch('merge', note('merge'));
    expect(annotations()).toEqual({ note: 'merge' });
    patch('json', [{ op: 'replace', path: '/metadata/annotations/note', value: 'json' }]);
    expect(annotations()).toEqual({ note: 'json' });
    patch('strategic', note('strategic'));
    expect(annotations()).toEqual({ note: 'strategic' });
    const config = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name, annotations: { applied: 'yes' } } };
    patch('apply', config, { fieldManager: 'applier' });
    expect(annotations()).toEqual({ note: 'strategic', applied: 'yes' });
    config.metadata.annotations = {} as typeof config.metadata.annotations;
    patch('apply', config, { fieldManager: 'applier' });
    expect(annotations()).toEqual({ note: 'strategic' });
  });

  it('[REG50] notes who set what', () => {
    expect(made.metadata.managedFields).toMatchObject([
      {
        manager: 'test',
        operation: 'Update',
        apiVersion: apiVersionOf(kind),
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
      },
    ]);
    expect(made.metadata.managedFields?.[0]?.fieldsV1['f:metadata']['f:labels']).toMatchObject({ '.': {}, 'f:app': {} });
    patch('merge', { metadata: { labels: { app: 'y' } } }, { fieldManager: 'other' });
    const owners = Object.fromEntries((live().metadata.managedFields ?? []).map((m) => [m.manager, m.fieldsV1['f:metadata']]));
    expect(owners.other).toEqual({ 'f:labels': { 'f:app': {} } });
    expect(owners.test?.['f:labels']['f:app']).toBeUndefined();
  });

  it('[REG44] tells conflicts, and takes fields by force', () => {
    const config = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name, labels: { app: 'z' } } };
    const status = refusal(() => patch('apply', config, { fieldManager: 'applier' }));
    expect(status).toMatchObject({
      code: 409,
      message: `Apply failed with 1 conflict: conflict with "test" using ${apiVersionOf(kind)}: .metadata.labels.app`,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.metadata.labels.app' }] },
    });
    expect(patch('apply', config, { fieldManager: 'applier', force: true }).object.metadata.labels?.app).toBe('z');
  });

  it('[REG2] appends one row for each change', () => {
    const before = bench.registry.store.revision();
    patch('merge', note('1'));
    patch('merge', note('2'));
    expect(bench.registry.store.after(before).map((row) => [row.type, row.rev])).toEqual([
      ['MODIFIED', before + 1],
      ['MODIFIED', before + 2],
    ]);
  });

  it('[REG60] changes the status alone through /status', () => {
    if (!kind.status) return;
    const changed = clone(live());
    changed.metadata.annotations = { sneaked: 'in' };
    const generation = changed.metadata.generation;
    const { object } = bench.registry.update(kind, changed, options({ name, subresource: 'status' }));
    expect(object.spec).toEqual(made.spec);
    expect(object.metadata.generation).toBe(generation);
  });

  it('[REG35] shares what it decodes', () => {
    const one = bench.registry.object(resource, made.metadata.namespace ?? '', name);
    expect(bench.registry.object(resource, made.metadata.namespace ?? '', name)).toBe(one);
    expect(bench.registry.objects(resource)).toContain(one);
  });
});
