import { timersIn } from '../../host/timers-in.ts';
import { describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { CURSOR_LAG_REVISIONS, RETRY_FIRST_MS } from '../../../src/reconcile/limits.ts';
import { type Action, byObject, type Key } from '../../../src/reconcile/plan.ts';
import { bench, configMap, NOW, noting } from './bench.ts';

describe('reconciling', () => {
  it('[RC1] maps changes with the state before them', () => {
    const changes: [string, unknown, unknown][] = [];
    const { put, host, reconciler } = bench({
      watches: [
        {
          resource: 'configmaps',
          keys: ({ type, object, old }) => {
            if (object.metadata.namespace === 'default') changes.push([type, old?.data, object.data]);
            return [];
          },
        },
      ],
    });
    put('a', { x: '1' });
    put('a', { x: '2' });
    host.request('DELETE', '/api/v1/namespaces/default/configmaps/a');
    put('b');
    host.request('POST', '/api/v1/namespaces/default/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } });
    reconciler.drain(NOW);
    expect(changes).toEqual([
      ['ADDED', undefined, { x: '1' }],
      ['MODIFIED', { x: '1' }, { x: '2' }],
      ['DELETED', { x: '2' }, { x: '2' }],
      ['ADDED', undefined, undefined],
    ]);
  });

  it('[RC12] keys of a mapping that waits are not taken before their time, which the first change begins', () => {
    const { seen, controller } = noting();
    const { put, make, host } = bench({ ...controller, watches: [{ ...byObject('configmaps'), afterMs: 20 }] });
    const reconciler = make();
    reconciler.drain(NOW);
    reconciler.drain(NOW + 20);
    seen.length = 0;
    put('a');
    expect(reconciler.drain(NOW + 100)).toBe(true);
    put('a', { again: 'yes' });
    put('b');
    reconciler.drain(NOW + 110);
    expect(reconciler.next()).toBe(NOW + 120);
    reconciler.drain(NOW + 119);
    expect(seen).toEqual([]);
    reconciler.drain(NOW + 120);
    expect(seen).toEqual(['a']);
    expect(reconciler.next()).toBe(NOW + 130);
    expect(timersIn(host.sql)).toEqual([]);
    reconciler.drain(NOW + 500);
    expect(seen).toEqual(['a', 'b']);
    expect(reconciler.next()).toBeUndefined();
  });

  it('[RC12] [RC8] the cursor stays behind what waits, so a crash loses none of it', () => {
    const { seen, controller } = noting();
    const { put, make } = bench(
      { ...controller, watches: [{ ...byObject('configmaps'), afterMs: 20 }] },
      { watches: [byObject('configmaps')] },
    );
    const before = make();
    before.drain(NOW);
    before.drain(NOW + 20);
    seen.length = 0;
    put('first');
    before.drain(NOW + 100);
    for (let i = 0; i < 3 * CURSOR_LAG_REVISIONS; i++) put('other', { i: String(i) });
    before.drain(NOW + 101);
    const after = make();
    expect(after.cursor).toBe(before.cursor);
    after.drain(NOW + 200);
    after.drain(NOW + 220);
    expect(seen).toEqual(expect.arrayContaining(['first', 'other']));
    put('more');
    after.drain(NOW + 300);
    after.drain(NOW + 320);
    expect(after.cursor).toBeGreaterThan(before.cursor);
  });

  it('[RC2] takes a key once, first in, first out', () => {
    const { seen, controller } = noting();
    const { put, reconciler } = bench(controller);
    for (const name of ['b', 'a', 'b', 'c', 'a']) put(name, { n: name });
    reconciler.drain(NOW);
    expect(seen).toEqual(['b', 'a', 'c']);
  });

  it('[RC2] lowPriority keys wait for all others and are taken one by one, of many a quarter at a time', () => {
    const order: string[] = [];
    const count = (key: Key) => (key.namespace === 'default' ? key : undefined);
    const { put, reconciler } = bench(
      {
        lowPriority: true,
        reconcile: (key, view) => {
          if (!count(key) || view.get('configmaps', 'default', key.name)?.data?.seen) return { actions: [] };
          order.push(`node ${key.name}`);
          return {
            actions: [
              {
                verb: 'update',
                resource: 'configmaps',
                object: { ...(view.get('configmaps', 'default', key.name) as Obj), data: { seen: '1' } },
              },
            ],
          };
        },
      },
      {
        watches: [
          { resource: 'configmaps', keys: ({ object }) => (object.data?.seen ? [{ namespace: 'default', name: 'all' }] : []) },
        ],
        reconcile: (key) => {
          if (count(key)) order.push('controller');
          return { actions: [] };
        },
      },
    );
    put('a');
    put('b');
    reconciler.drain(NOW);
    expect(order).toEqual(['node a', 'controller', 'node b', 'controller']);
    order.length = 0;
    for (let i = 0; i < 16; i++) put(`n-${i}`);
    reconciler.drain(NOW);
    expect(order.indexOf('controller')).toBe(4);
    expect(order.filter((o) => o !== 'controller')).toHaveLength(16);
  });

  it('[RC3][RC8] a crash between two keys loses none of them and repeats no write', () => {
    const { seen, controller } = noting((key) =>
      key.name.endsWith('-copy')
        ? { actions: [] }
        : { actions: [{ verb: 'create', resource: 'configmaps', object: configMap(`${key.name}-copy`) }] },
    );
    const { put, reconciler, make, data, registry } = bench({ ...controller, refused: () => ({ actions: [] }) });
    for (const name of ['a', 'b', 'c']) put(name);
    let steps = 2;
    expect(reconciler.drain(NOW, () => --steps > 0)).toBe(false);
    expect(seen).toEqual(['a', 'b']);
    const again = make();
    again.drain(NOW);
    expect(seen.slice(2, 5)).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) expect(registry.object('configmaps', 'default', `${name}-copy`)).toBeDefined();
    expect(data('a-copy-copy')).toBeUndefined();
  });

  it('[RC8] the cursor is persisted when it lags, and only when nothing is dirty', () => {
    const { seen, controller } = noting();
    const { put, reconciler, make } = bench(controller);
    for (let i = 0; i < CURSOR_LAG_REVISIONS; i++) put('a', { i: String(i) });
    const before = reconciler.cursor;
    expect(reconciler.drain(NOW, () => false)).toBe(true);
    expect(reconciler.cursor).toBeGreaterThan(before);
    put('b');
    seen.length = 0;
    make().drain(NOW);
    expect(seen).toEqual(['b']);
  });

  it('[RC4] a refused action is rolled back alone, ends its plan, is answered, and the key backs off', () => {
    const actions: Action[] = [
      { verb: 'create', resource: 'configmaps', object: configMap('first') },
      { verb: 'create', resource: 'configmaps', object: configMap('Bad_Name') },
      { verb: 'create', resource: 'configmaps', object: configMap('never') },
    ];
    const { seen, controller } = noting((key) => ({ actions: key.name === 'a' && seen.length === 1 ? actions : [] }));
    const refused: unknown[] = [];
    const { put, reconciler, registry, timers, host } = bench({
      ...controller,
      refused: (key, action, error) => {
        refused.push([key.name, action.verb, error.code]);
        return { actions: [{ verb: 'create', resource: 'configmaps', object: configMap('answer') }] };
      },
    });
    put('a');
    reconciler.drain(NOW);
    expect(refused).toEqual([['a', 'create', 422]]);
    const there = registry.objects('configmaps', 'default').map((o) => o.metadata.name);
    expect(there).toEqual(['a', 'answer', 'first']);
    expect(timers.get('c0', 'default', 'a')).toBe(NOW + RETRY_FIRST_MS);
    reconciler.drain(NOW + RETRY_FIRST_MS);
    expect(seen.filter((name) => name === 'a')).toHaveLength(2);
    expect(timersIn(host.sql)).toEqual([]);
  });

  it('[RC4] a conflict is tried again at once, from the fresh object', () => {
    let stale: Obj | undefined;
    const { seen, controller } = noting();
    const { put, reconciler, data } = bench({
      ...controller,
      reconcile: (key, view) => {
        if (key.name !== 'a') return { actions: [] };
        seen.push(key.name);
        const live = view.get('configmaps', 'default', 'a') as Obj;
        const object = stale ?? live;
        stale = undefined;
        return live.data.done
          ? { actions: [] }
          : { actions: [{ verb: 'update', resource: 'configmaps', object: { ...object, data: { done: '1' } } }] };
      },
    });
    put('a', { x: '1' });
    stale = { ...configMap('a'), metadata: { ...configMap('a').metadata, resourceVersion: '1' } };
    reconciler.drain(NOW);
    expect(data('a')).toEqual({ done: '1' });
    expect(seen.length).toBeGreaterThan(1);
  });

  it('[RC5] what is gone needs no deletion, and a terminating namespace takes nothing', () => {
    const { controller } = noting((key) => ({
      actions:
        key.name === 'a'
          ? [
              { verb: 'delete', resource: 'configmaps', namespace: 'default', name: 'nothing' },
              {
                verb: 'create',
                resource: 'configmaps',
                object: { ...configMap('x'), metadata: { name: 'x', namespace: 'leaving' } },
              },
              { verb: 'create', resource: 'configmaps', object: configMap('after') },
            ]
          : [],
    }));
    const { put, host, reconciler, registry } = bench(controller);
    host.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } });
    host.request('DELETE', '/api/v1/namespaces/leaving');
    put('a');
    reconciler.drain(NOW);
    expect(registry.object('configmaps', 'default', 'after')).toBeDefined();
    expect(timersIn(host.sql)).toEqual([]);
  });

  it('[RC6][RC7] requeueAt is a timer that the next plan replaces or cancels; alarms may be late, early or many', () => {
    const { seen, controller } = noting((_, now) => (now < NOW + 100 ? { actions: [], requeueAt: NOW + 100 } : { actions: [] }));
    const { put, reconciler, host } = bench(controller);
    put('a');
    reconciler.drain(NOW);
    expect(timersIn(host.sql)).toEqual([{ controller: 'c0', namespace: 'default', name: 'a', at: NOW + 100 }]);
    reconciler.drain(NOW + 50);
    reconciler.drain(NOW + 50);
    expect(seen).toEqual(['a']);
    reconciler.drain(NOW + 5_000);
    expect(seen).toEqual(['a', 'a']);
    expect(timersIn(host.sql)).toEqual([]);
    reconciler.drain(NOW + 5_000);
    expect(seen).toEqual(['a', 'a']);
  });

  it('[RC10] a drain stops when told to and goes on where it was', () => {
    const { seen, controller } = noting();
    const { put, reconciler } = bench(controller);
    for (const name of ['a', 'b', 'c']) put(name);
    expect(reconciler.drain(NOW, () => false)).toBe(false);
    expect(seen).toEqual(['a']);
    expect(reconciler.drain(NOW)).toBe(true);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('[RC11] a bad disk under a reconcile leaves nothing and loses nothing', () => {
    let disk = 'bad';
    const create: Action = { verb: 'create', resource: 'configmaps', object: configMap('b') };
    const { seen, controller } = noting((key) => ({ actions: key.name === 'a' ? [create] : [] }));
    const { host, put, reconciler } = bench(controller);
    put('a');
    const { run } = host.sql;
    host.sql.run = (statement, ...params) => {
      if (disk === 'bad' && statement.startsWith('INSERT INTO log')) throw new Error('disk I/O error');
      run(statement, ...params);
    };
    expect(() => reconciler.drain(NOW)).toThrow('disk I/O error');
    expect(host.cluster.registry.store.get('configmaps', 'default', 'b')).toBeUndefined();
    disk = 'good';
    expect(reconciler.drain(NOW)).toBe(true);
    expect(seen).toEqual(['a', 'a', 'b']);
    expect(host.cluster.registry.store.get('configmaps', 'default', 'b')).toBeDefined();
  });

  it('[RC9] [RC11] an Event said by a reconcile that was rolled back thirty times is written when it commits', () => {
    let failures = 30;
    const timesSaid: number[] = [];
    const { host, put, reconciler } = bench({
      reconcile: (key, view, { now }) => {
        const regarding = view.get('configmaps', key.namespace, key.name);
        if (key.name !== 'a' || !regarding) return { actions: [] };
        timesSaid.push(now);
        const event: Action = { verb: 'event', regarding, type: 'Normal', reason: 'Said', message: 'm', component: 'c' };
        return { actions: [event, { verb: 'create', resource: 'configmaps', object: configMap('b') }] };
      },
    });
    const { transaction } = host.sql;
    host.sql.transaction = (body) =>
      transaction(() => {
        const result = body();
        if (host.cluster.registry.store.get('configmaps', 'default', 'b') && failures-- > 0) throw new Error('disk I/O error');
        return result;
      });
    put('a');
    for (let i = 0; i < 30; i++) expect(() => reconciler.drain(NOW)).toThrow('disk I/O error');
    expect(reconciler.drain(NOW)).toBe(true);
    expect(timesSaid).toHaveLength(31);
    const events = host.cluster.registry.objects('events', 'default').filter((e) => e.reason === 'Said');
    expect(events).toMatchObject([{ count: 1, message: 'm' }]);
  });

  it('[RC4] [RC11] a refusal that was rolled back is not counted as an attempt', () => {
    let disk = 'bad';
    const action: Action = { verb: 'create', resource: 'configmaps', object: configMap('a') };
    const { seen, controller } = noting((key) => ({ actions: key.name === 'a' ? [action] : [] }));
    const { host, put, reconciler, timers } = bench(controller);
    const { run } = host.sql;
    host.sql.run = (statement, ...params) => {
      run(statement, ...params);
      if (disk === 'bad' && /timers/.test(statement)) throw new Error('disk I/O error');
    };
    put('a');
    for (let i = 0; i < 9; i++) expect(() => reconciler.drain(NOW)).toThrow('disk I/O error');
    disk = 'good';
    reconciler.drain(NOW);
    expect(seen).toHaveLength(10);
    expect(timers.get('c0', 'default', 'a')).toBe(NOW + RETRY_FIRST_MS);
  });
});
