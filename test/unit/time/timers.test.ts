import { timersIn } from '../../host/timers-in.ts';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../src/store/schema.ts';
import { Store } from '../../../src/store/store.ts';
import { Timers } from '../../../src/time/timers.ts';
import { openSqlite } from '../../host/sqlite.ts';

function fresh(sql = openSqlite()): Timers {
  migrate(sql);
  return new Timers(sql);
}

describe('timers', () => {
  it('[TIME1] set replaces the former time of a key and cancel drops it', () => {
    const sql = openSqlite();
    const timers = fresh(sql);
    timers.set({ controller: 'c', namespace: 'n', name: 'a', at: 50 });
    timers.set({ controller: 'c', namespace: 'n', name: 'a', at: 20.5 });
    expect(timersIn(sql)).toEqual([{ controller: 'c', namespace: 'n', name: 'a', at: 21 }]);
    timers.cancel('c', 'n', 'a');
    expect(timersIn(sql)).toEqual([]);
  });

  it('[TIME2] due returns what is at or before now, earliest first, at most the limit', () => {
    const timers = fresh();
    for (const [name, at] of [
      ['a', 30],
      ['b', 10],
      ['c', 20],
      ['d', 40],
    ] as const)
      timers.set({ controller: 'c', namespace: '', name, at });
    expect(timers.due(30, 10).map((t) => t.name)).toEqual(['b', 'c', 'a']);
    expect(timers.due(30, 2).map((t) => t.name)).toEqual(['b', 'c']);
    expect(timers.due(9, 10)).toEqual([]);
  });

  it('[TIME3] next is the earliest time, or nothing', () => {
    const timers = fresh();
    expect(timers.next()).toBeUndefined();
    timers.set({ controller: 'c', namespace: '', name: 'a', at: 30 });
    timers.set({ controller: 'd', namespace: '', name: 'a', at: 7 });
    expect(timers.next()).toBe(7);
  });

  it('[TIME3] next is right after a rollback of what it was asked about', () => {
    const sql = openSqlite();
    migrate(sql);
    const [store, timers] = [new Store(sql), new Timers(sql)];
    store.keepInStep(timers);
    timers.set({ controller: 'c', namespace: '', name: 'a', at: 30 });
    const rolledBack = () =>
      store.transaction(() => {
        timers.cancel('c', '', 'a');
        expect(timers.next()).toBeUndefined();
        throw new Error('thrown after its work');
      });
    expect(rolledBack).toThrow('thrown after its work');
    expect([timers.next(), timers.get('c', '', 'a')]).toEqual([30, 30]);
  });
});
