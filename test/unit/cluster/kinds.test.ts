import { describe, expect, it } from 'vitest';
import { defineKind } from '../../../src/api/machinery/define-kind.ts';
import { goSchema } from '../../../src/api/schema/go.ts';
import type { Schema } from '../../../src/api/schema/schema.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { makeCluster } from '../../host/make-cluster.ts';

/** A kind that no build knows, with the structure of a ConfigMap: all that it says is data, as of a definition at run time. */
const Widget = defineKind({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  resource: 'widgets',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.ConfigMap'),
  shortNames: ['wd'],
  createOnUpdate: true,
  needsResourceVersion: true,
  returnsDeleted: true,
  countsGenerations: true,
});
const Gadget = { ...Widget, kind: 'Gadget', singular: 'gadget', resource: 'gadgets', namespaced: false };
const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';
const widget = (name: string, more: Obj = {}): Obj => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  ...more,
  metadata: { name, ...more.metadata },
});
/** A structure that no Go type has: anything goes, and maps merge field by field. */
const anything: Schema = {
  name: 'com.example.v1.Sprocket',
  listName: 'com.example.v1.Sprocket',
  mark: '1',
  struct: undefined,
  openapi: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  shape: { k: 'map', atomic: false, struct: undefined, element: { k: 'any', atomic: false } },
  normalise: (value) => ({
    object: value,
    mistyped: false,
    unknown: false,
    keys: (JSON.stringify(value).match(/":/g) ?? []).length,
  }),
  decode: () => ({ object: {}, strict: [] }),
  zero: () => ({ status: { phase: '' } }),
};
const Sprocket = { ...Widget, kind: 'Sprocket', singular: 'sprocket', resource: 'sprockets', schema: anything, status: true };
const SPROCKETS = '/apis/example.com/v1/namespaces/default/sprockets';
const ownerOf = ({ apiVersion, kind, metadata: { name, uid } }: Obj): Obj => ({ apiVersion, kind, name, uid });
const named = (list: Obj): string[] => list.items.map((item: Obj) => item.metadata.name);

describe('[REG70] kinds that a running cluster serves from now on', () => {
  it('are found by discovery, and their documents by another hash', () => {
    const host = makeCluster({ apiOnly: true });
    const resources = () => host.request('GET', '/apis/example.com/v1');
    const hash = () => host.request('GET', '/openapi/v3').body.paths['apis/example.com/v1']?.serverRelativeURL;
    expect(resources().status).toBe(404);
    expect([host.request('GET', WIDGETS).status, hash()]).toEqual([404, undefined]);

    host.cluster.define([Widget]);
    expect(resources().body.resources).toMatchObject([
      { name: 'widgets', singularName: 'widget', kind: 'Widget', shortNames: ['wd'] },
    ]);
    expect(host.request('GET', '/apis').body.groups.at(-1)).toMatchObject({ name: 'example.com' });
    const first = hash();
    expect(Object.keys(host.request('GET', first).body.paths)).toContain('/apis/example.com/v1/namespaces/{namespace}/widgets');

    host.cluster.define([{ ...Widget, status: true }]);
    expect(hash()).not.toBe(first);
    expect(Object.keys(host.request('GET', hash()).body.paths)).toContain(
      '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}/status',
    );
  });

  it('are created, replaced, listed, watched and deleted as they say of themselves', () => {
    const host = makeCluster({ apiOnly: true });
    host.cluster.define([Widget]);
    const { events } = host.watch(`${WIDGETS}?watch=true`);
    const made = host.do('PUT', `${WIDGETS}/a`, widget('a', { data: { x: '1' } }));
    expect([made.status, made.body.metadata.generation]).toEqual([201, 1]);
    expect(host.do('PUT', `${WIDGETS}/a`, widget('a', { data: { x: '2' } })).status).toBe(422);
    const patched = host.do('PATCH', `${WIDGETS}/a`, { data: { x: '2' } }, { 'content-type': 'application/merge-patch+json' });
    expect(patched.body.metadata.generation).toBe(2);
    expect(named(host.request('GET', `${WIDGETS}?fieldSelector=metadata.name=a`).body)).toEqual(['a']);
    expect(host.do('DELETE', `${WIDGETS}/a`).body).toMatchObject({ kind: 'Widget', data: { x: '2' } });
    host.cluster.flush(host.now);
    expect(events.map(({ type, object }) => [type, object.kind])).toEqual([
      ['ADDED', 'Widget'],
      ['MODIFIED', 'Widget'],
      ['DELETED', 'Widget'],
    ]);
  });

  it('are collected when their owners go, and own what is collected', () => {
    const host = makeCluster();
    host.cluster.define([Widget, Gadget]);
    const owner = host.do('POST', WIDGETS, widget('owner')).body;
    const middle = host.do('POST', WIDGETS, widget('middle', { metadata: { ownerReferences: [ownerOf(owner)] } })).body;
    const leaf = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'leaf', ownerReferences: [ownerOf(middle)] } };
    host.do('POST', '/api/v1/namespaces/default/configmaps', leaf);
    const gadget = { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'stays' } };
    host.do('POST', '/apis/example.com/v1/gadgets', gadget);
    expect(host.request('GET', '/api/v1/namespaces/default/configmaps/leaf').status).toBe(200);
    host.do('DELETE', `${WIDGETS}/owner`);
    expect(named(host.request('GET', WIDGETS).body)).toEqual([]);
    expect(host.request('GET', '/api/v1/namespaces/default/configmaps/leaf').status).toBe(404);
    expect(named(host.request('GET', '/apis/example.com/v1/gadgets').body)).toEqual(['stays']);
  });

  it('go with their namespace', () => {
    const host = makeCluster();
    host.cluster.define([Widget]);
    host.do('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    host.do('POST', '/apis/example.com/v1/namespaces/n/widgets', widget('a', { metadata: { finalizers: ['example.com/hold'] } }));
    host.do('DELETE', '/api/v1/namespaces/n');
    const held = host.request('GET', '/api/v1/namespaces/n').body.status.conditions;
    expect(held.find((c: Obj) => c.type === 'NamespaceContentRemaining').message).toBe(
      'Some resources are remaining: widgets.example.com has 1 resource instances',
    );
    const free = [{ op: 'remove', path: '/metadata/finalizers' }];
    host.do('PATCH', '/apis/example.com/v1/namespaces/n/widgets/a', free as never, {
      'content-type': 'application/json-patch+json',
    });
    expect(host.request('GET', '/api/v1/namespaces/n').status).toBe(404);
  });

  it('count for quotas, at admission and when counted again', () => {
    const host = makeCluster();
    host.cluster.define([Widget]);
    host.do('POST', WIDGETS, widget('a'));
    const name = 'count/widgets.example.com';
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { [name]: '2' } } };
    host.do('POST', '/api/v1/namespaces/default/resourcequotas', quota);
    const used = () => host.request('GET', '/api/v1/namespaces/default/resourcequotas/q').body.status.used;
    expect(used()).toEqual({ [name]: '1' });
    host.do('POST', WIDGETS, widget('b'));
    const refused = host.do('POST', WIDGETS, widget('c'));
    expect([refused.status, refused.body.message]).toEqual([
      403,
      `widgets.example.com "c" is forbidden: exceeded quota: q, requested: ${name}=1, used: ${name}=2, limited: ${name}=2`,
    ]);
    host.do('DELETE', `${WIDGETS}/a`);
    expect(used()).toEqual({ [name]: '1' });
  });

  it('may have a structure that is no Go type', () => {
    const host = makeCluster({ apiOnly: true });
    host.cluster.define([Sprocket]);
    const sprocket = { apiVersion: 'example.com/v1', kind: 'Sprocket', metadata: { name: 's' }, spec: { size: { teeth: 9 } } };
    const apply = (manager: string, teeth: number) =>
      host.do(
        'PATCH',
        `${SPROCKETS}/s?fieldManager=${manager}`,
        { ...sprocket, spec: { size: { teeth } } },
        { 'content-type': 'application/apply-patch+yaml' },
      );
    expect(host.do('POST', SPROCKETS, { ...sprocket, metadata: { name: 'made' } }).body).toMatchObject({
      spec: { size: { teeth: 9 } },
      status: { phase: '' },
    });
    expect([apply('a', 9).status, apply('a', 10).status, apply('b', 11).status]).toEqual([201, 200, 409]);
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect(host.do('PATCH', `${SPROCKETS}/s`, { spec: { colour: 'red' } }, merge).body.spec).toEqual({
      size: { teeth: 10 },
      colour: 'red',
    });
    const { serverRelativeURL } = host.request('GET', '/openapi/v3').body.paths['apis/example.com/v1'];
    expect(host.request('GET', serverRelativeURL).body.components.schemas[anything.name]).toEqual(anything.openapi);
  });

  it('are unknown again when the table is another one', () => {
    const host = makeCluster();
    host.cluster.define([Widget]);
    host.do('POST', WIDGETS, widget('a'));
    host.cluster.define([]);
    expect(host.request('GET', WIDGETS).status).toBe(404);
    expect(host.request('GET', '/apis/example.com/v1').status).toBe(404);
  });
});

it('[STR2] a watch of a kind that went away while it slept is over, and its cluster opens', () => {
  const host = makeCluster({ apiOnly: true });
  host.cluster.define([Widget]);
  const spec = host.watch('/apis/example.com/v1/widgets?watch=true').spec();
  const port = { send: () => undefined, save: () => undefined, close: () => undefined };
  host.crash();
  expect(host.cluster.resume(spec, port)).toBeUndefined();
  expect(
    host.cluster.resume({ ...spec, group: '', resource: 'pods', fieldSelector: 'spec.gone=1' } as typeof spec, port),
  ).toBeUndefined();
  host.cluster.define([Widget]);
  expect(host.cluster.resume(spec, port)).toBeDefined();
});
