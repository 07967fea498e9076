import { describe, expect, it } from 'vitest';
import { COMPACTION_SLACK_REVISIONS, EVENT_TTL_MS, HISTORY_REVISIONS, CHECKPOINT_SPACING_MS } from '../../../src/store/limits.ts';
import { Retention } from '../../../src/store/retention.ts';
import { migrate } from '../../../src/store/schema.ts';
import { Store } from '../../../src/store/store.ts';
import { openSqlite } from '../../host/sqlite.ts';

function fresh() {
  const sql = openSqlite();
  migrate(sql);
  const store = new Store(sql);
  const put = (name: string) => store.put('events', 'n', name, store.revision() + 1, '{}', [], store.head('events', 'n', name));
  const drop = (name: string) => store.remove('events', 'n', name, store.revision() + 1, '{}');
  return { sql, store, put, drop, history: new Retention(store, 'events') };
}

describe('history', () => {
  it('marks at most once per spacing and only when something was written', () => {
    const { put, history, sql } = fresh();
    put('a');
    history.checkpoint(0);
    put('b');
    history.checkpoint(CHECKPOINT_SPACING_MS - 1);
    history.checkpoint(CHECKPOINT_SPACING_MS);
    history.checkpoint(9 * CHECKPOINT_SPACING_MS);
    expect(sql.all('SELECT rev, at FROM checkpoints')).toEqual(
      [
        { rev: 1, at: 0 },
        { rev: 2, at: CHECKPOINT_SPACING_MS },
      ].map((r) => Object.assign(Object.create(null), r)),
    );
  });

  it('remembers no checkpoint that could not be written', () => {
    const { put, history, sql } = fresh();
    put('a');
    const { run } = sql;
    sql.run = () => {
      throw new Error('disk I/O error');
    };
    expect(() => history.checkpoint(0)).toThrow('disk I/O error');
    sql.run = run;
    history.checkpoint(0);
    expect(sql.all('SELECT rev, at FROM checkpoints')).toMatchObject([{ rev: 1, at: 0 }]);
  });

  it('dates a revision by the idle time at which it was the newest, not by a later one', () => {
    const { put, history } = fresh();
    put('a');
    history.checkpoint(0);
    put('b');
    history.checkpoint(1000);
    history.checkpoint(EVENT_TTL_MS);
    expect(history.expired(EVENT_TTL_MS + 1000, 10).map((r) => r.name)).toEqual(['a', 'b']);
  });

  it('counts what is there after a boot as new from the first look on, not from when it would be due', () => {
    const { store, put, history } = fresh();
    put('a');
    history.checkpoint(0);
    put('b');
    const reopened = new Retention(store, 'events');
    expect(reopened.isDue(1000)).toBe(false);
    expect(reopened.isDue(EVENT_TTL_MS)).toBe(true);
    expect(reopened.expired(EVENT_TTL_MS, 10).map((r) => r.name)).toEqual(['a']);
    expect(reopened.isDue(EVENT_TTL_MS + 1000)).toBe(true);
    expect(reopened.expired(EVENT_TTL_MS + 1000, 10).map((r) => r.name)).toContain('b');
  });

  it('finds what was last written before the TTL, and comes to rest when nothing is left', () => {
    const { put, drop, history } = fresh();
    put('a');
    put('b');
    history.checkpoint(0);
    put('b');
    history.checkpoint(CHECKPOINT_SPACING_MS);
    expect(history.next()).toBe(EVENT_TTL_MS);
    expect(history.expired(EVENT_TTL_MS - 1, 10)).toEqual([]);
    expect(history.expired(EVENT_TTL_MS, 10).map((r) => r.name)).toEqual(['a']);
    drop('a');
    expect(history.next()).toBe(EVENT_TTL_MS + CHECKPOINT_SPACING_MS);
    expect(history.expired(EVENT_TTL_MS + CHECKPOINT_SPACING_MS, 10).map((r) => r.name)).toEqual(['b']);
    drop('b');
    history.checkpoint(EVENT_TTL_MS + CHECKPOINT_SPACING_MS);
    expect(history.next()).toBeUndefined();
  });

  it('what no mark covers goes when it came to rest long enough ago', () => {
    const { put, history } = fresh();
    put('a');
    history.checkpoint(0);
    put('a');
    history.checkpoint(1);
    expect(history.next()).toBe(EVENT_TTL_MS + 1);
    expect(history.expired(EVENT_TTL_MS, 10)).toEqual([]);
    expect(history.expired(EVENT_TTL_MS + 1, 10).map((r) => r.name)).toEqual(['a']);
  });

  it('an alarm before the drain is done takes nothing that was only just said, also after a boot', () => {
    const { put, history, store } = fresh();
    const later = 10 * EVENT_TTL_MS;
    put('a');
    history.checkpoint(0);
    put('b');
    expect(history.expired(later, 10).map((r) => r.name)).toEqual(['a']);
    const again = new Retention(store, 'events');
    expect(again.expired(later, 10).map((r) => r.name)).toEqual(['a']);
    expect(again.expired(later + EVENT_TTL_MS, 10).map((r) => r.name)).toEqual(['a', 'b']);
  });

  it('what was said before an idle time does not pass for new after it', () => {
    const { put, history } = fresh();
    put('a');
    history.checkpoint(0);
    put('b');
    history.checkpoint(1);
    put('c');
    history.checkpoint(EVENT_TTL_MS);
    expect(history.expired(EVENT_TTL_MS + 1, 10).map((r) => r.name)).toEqual(['a', 'b']);
  });

  it('compacts only beyond its bound and never past what is needed', () => {
    const { put, history, store } = fresh();
    for (let i = 0; i < HISTORY_REVISIONS + COMPACTION_SLACK_REVISIONS - 1; i++) put('a');
    history.compact(store.revision());
    expect(store.compacted()).toBe(0);
    put('a');
    history.compact(100);
    expect(store.compacted()).toBe(100);
    put('a');
    history.compact(store.revision());
    expect(store.compacted()).toBe(100);
    for (let i = 0; i < 200; i++) put('a');
    history.compact(store.revision());
    expect(store.compacted()).toBe(store.revision() - HISTORY_REVISIONS);
  });

  it('compacts so much at a time and says whether there is more', () => {
    const { put, history, store } = fresh();
    for (let i = 0; i < HISTORY_REVISIONS + COMPACTION_SLACK_REVISIONS + 25; i++) put('a');
    const compact = () => history.compact(store.revision(), undefined, 10);
    expect([compact(), store.compacted()]).toEqual([false, 10]);
    expect([compact(), store.compacted()]).toEqual([false, 20]);
    expect([compact(), store.compacted()]).toEqual([true, 30]);
    expect([compact(), store.compacted()]).toEqual([true, 30]);
    for (let i = 0; i < 10; i++) put('a');
    expect(history.compact(25, undefined, 10), 'what is needed stays, and nobody waits for it').toBe(true);
    expect(store.compacted()).toBe(30);
  });
});
