import { beforeEach, describe, expect, it } from 'vitest';
import { ApiFixture } from '../../fixtures/api.ts';

const CM = '/api/v1/namespaces/default/configmaps';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
let api: ApiFixture;

beforeEach(() => {
  api = new ApiFixture();
  api.configMap('b');
  api.configMap('a', { x: 'y' });
});

describe('a watch', () => {
  it.each(['?watch=1', '?watch=true&resourceVersion=0', '?watch='])('[API20] %s begins with what is there', (query) => {
    expect(api.watch(`${CM}${query}`).story()).toEqual(['ADDED a', 'ADDED b']);
  });

  it('[API20] events embed the stored text', () => {
    const { json } = api.registry.get(api.registry.kinds.byResource('configmaps') as never, 'default', 'a');
    expect(api.watch(`${CM}?watch=1`).frames[0]).toBe(`{"type":"ADDED","object":${json}}\n`);
  });

  it('[API21] goes on from a revision', () => {
    const from = api.registry.store.revision();
    api.label('a', { n: '1' });
    const watch = api.watch(`${CM}?watch=1&resourceVersion=${from}`);
    expect(watch.story()).toEqual(['MODIFIED a']);
    api.ask('DELETE', `${CM}/a`);
    api.configMap('c');
    api.ask('POST', '/api/v1/namespaces/kube-system/configmaps', { metadata: { name: 'elsewhere' } });
    expect(watch.story()).toEqual(['MODIFIED a', 'DELETED a', 'ADDED c']);
    const revisions = watch.events().map((e) => Number(e.object.metadata.resourceVersion));
    expect(revisions).toEqual([from + 1, from + 2, from + 3]);
  });

  it('[API21] waits for a revision of the future', () => {
    const watch = api.watch(`${CM}?watch=1&resourceVersion=${api.registry.store.revision() + 1}`);
    api.label('a', { n: '1' });
    expect(watch.story()).toEqual([]);
    api.label('a', { n: '2' });
    expect(watch.story()).toEqual(['MODIFIED a']);
  });

  it('[API21] without initial events begins now', () => {
    const watch = api.watch(`${CM}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`);
    expect(watch.story()).toEqual([]);
    api.label('a', { n: '1' });
    expect(watch.story()).toEqual(['MODIFIED a']);
  });

  it('[API22] follows a label selector', () => {
    const watch = api.watch(`${CM}?watch=1&labelSelector=x%3Dy`);
    api.label('b', { x: 'y' });
    api.label('b', { n: '1' });
    api.label('b', { x: 'z' });
    api.label('b', { n: '2' });
    api.ask('DELETE', `${CM}/b`);
    api.ask('DELETE', `${CM}/a`);
    expect(watch.story()).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'DELETED b', 'DELETED a']);
    const left = watch.events()[3].object.metadata;
    expect(left.labels).toEqual({ x: 'y', n: '1' });
    expect(Number(left.resourceVersion)).toBe(Number(watch.events()[2].object.metadata.resourceVersion) + 1);
  });

  it('[API22] follows a name', () => {
    for (const url of [`${CM}?watch=1&fieldSelector=metadata.name%3Da`, '/api/v1/watch/namespaces/default/configmaps/a']) {
      const watch = api.watch(url);
      api.label('b', { n: String(url.length) });
      api.label('a', { n: String(url.length) });
      expect(watch.story()).toEqual(['ADDED a', 'MODIFIED a']);
    }
  });

  it('[API23] is too old after a compaction', () => {
    const from = api.registry.store.revision() - 1;
    api.label('a', { n: '1' });
    api.registry.store.compact(api.registry.store.revision());
    const watch = api.watch(`${CM}?watch=1&resourceVersion=${from}`);
    expect(watch.events()).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
    expect(watch.session.closed).toBe(true);
    expect(watch.events()).toHaveLength(1);
  });

  it('[API24] marks the end of the initial events', () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const events = api.watch(`${CM}?${query}`).events();
    expect(events.map((e) => e.type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    const metadata = {
      resourceVersion: String(api.registry.store.revision()),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    };
    expect(events[2].object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata });
    expect(api.watch(`/api/v1/pods?${query}`).events()[0].object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata,
      spec: { containers: null },
      status: {},
    });
    const late = api.watch(`${CM}?${query}&resourceVersion=99999`);
    expect(late.events()).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout' } }]);
  });

  it('[API25] of Tables names the columns once', () => {
    const watch = api.watch(`${CM}?watch=1`, TABLE);
    const events = watch.events();
    expect(events.map((e) => e.object.rows[0].cells[0])).toEqual(['a', 'b']);
    expect(events[0].object.columnDefinitions[0].name).toBe('Name');
    expect(events[1].object.columnDefinitions).toBe(null);
    const again = watch.resume();
    api.label('a', { n: '1' });
    expect(again.events()[0].object).toMatchObject({ kind: 'Table', columnDefinitions: null });
  });

  it('[API25] of Tables shows the state that left a selection', () => {
    const watch = api.watch(`${CM}?watch=1&labelSelector=x%3Dy`, TABLE);
    api.label('a', { x: 'z' });
    const [, left] = watch.events();
    expect(left).toMatchObject({ type: 'DELETED', object: { rows: [{ object: { metadata: { labels: { x: 'y' } } } }] } });
  });

  it('[API9] of metadata', () => {
    const [event] = api.watch(`${CM}?watch=1`, PARTIAL).events();
    expect(Object.keys(event.object)).toEqual(['kind', 'apiVersion', 'metadata']);
  });

  it('[API26] survives sleep', () => {
    let watch = api.watch(`${CM}?watch=1&labelSelector=x%3Dy`);
    const seen = watch.story();
    for (const x of ['n', 'y', 'y']) {
      watch = watch.resume();
      api.label('a', { x, n: String(api.registry.store.revision()) });
      seen.push(...watch.story());
    }
    expect(seen).toEqual(['ADDED a', 'DELETED a', 'ADDED a', 'MODIFIED a']);
    expect(JSON.stringify(watch.session.spec).length).toBeLessThan(2048);
  });

  it('[API27] shares its frames', () => {
    const from = api.registry.store.revision();
    const url = `${CM}?watch=1&resourceVersion=${from}`;
    const watches = [api.watch(url), api.watch(url)];
    api.label('a', { n: '1' });
    const reads: number[] = [];
    const { store } = api.registry;
    const after = store.after.bind(store);
    store.after = (rev, filter) => {
      reads.push(rev);
      return after(rev, filter);
    };
    const frames = watches.map((watch) => watch.story());
    expect(frames[0]).toEqual(['MODIFIED a']);
    expect(frames[1]).toEqual(frames[0]);
    expect(reads).toHaveLength(1);
  });

  it('[API28] hears of revisions while nothing happens to it', () => {
    const watch = api.watch(`${CM}?watch=1&allowWatchBookmarks=true&resourceVersion=${api.registry.store.revision()}`);
    for (let i = 0; i < 1001; i++) {
      api.ask('PUT', '/api/v1/namespaces/kube-system/configmaps/x', { metadata: { name: 'x' }, data: { i: String(i) } });
      if (i === 0) api.ask('POST', '/api/v1/namespaces/kube-system/configmaps', { metadata: { name: 'x' } });
    }
    expect(watch.events()).toMatchObject([
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(api.registry.store.revision()) } } },
    ]);
  });

  it('[API28] is where it was when a message could not be sent', () => {
    const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const revision = api.registry.store.revision();
    const watch = api.watch(`${CM}?watch=1&resourceVersion=${revision}`, TABLE);
    const { spec } = watch.session;
    const before = { ...spec };
    api.label('a', { n: '1' });
    watch.broken = new Error('not sent');
    expect(() => watch.session.pump(api.now)).toThrow('not sent');
    expect(spec).toEqual(before);
    watch.broken = undefined;
    api.label('a', { n: '2' });
    const events = watch.events();
    expect(events).toHaveLength(2);
    expect(events[0].object.columnDefinitions).toBeTruthy();
    expect(events[1].object.columnDefinitions).toBeFalsy();
  });

  it('[API5] has no YAML', () => {
    expect(api.ask('GET', `${CM}?watch=1`, undefined, { accept: 'application/yaml' }).status).toBe(406);
  });
});
