import { CHANGES_KEPT } from '../../src/store/limits.ts';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../src/store/schema.ts';
import type { ListPage } from '../../src/store/rows.ts';
import { Store } from '../../src/store/store.ts';
import type { Sqlite } from '../../src/lib/sqlite-port.ts';
import { seeded } from '../fixtures/prng.ts';

/** The rules of src/store/SPEC.md over any Sqlite port: run on node:sqlite, and in workerd on a Durable Object's storage. */
export function storeContract(name: string, open: () => Sqlite): void {
  const fresh = () => {
    const sql = open();
    migrate(sql);
    return { sql, store: new Store(sql) };
  };
  const put = (store: Store, ns: string, key: string, json: string, owners: string[] = []) => {
    const prev = store.head('things', ns, key);
    store.put('things', ns, key, store.revision() + 1, json, owners, prev);
  };
  const drop = (store: Store, ns: string, key: string) => {
    const row = store.get('things', ns, key);
    if (row) store.remove('things', ns, key, store.revision() + 1, row.json);
  };
  const texts = (rows: { json: string }[]) => rows.map((r) => r.json);

  describe(`store contract: ${name}`, () => {
    it('[ST1] revisions follow one another and a wrong one throws', () => {
      const { store } = fresh();
      expect(store.revision()).toBe(0);
      put(store, 'a', 'x', '1');
      put(store, 'a', 'x', '2');
      expect(store.revision()).toBe(2);
      expect(() => store.put('things', 'a', 'y', 9, '3', [], undefined)).toThrow('revision 9 does not follow 2');
      expect(() => store.put('things', 'a', 'y', 2, '3', [], undefined)).toThrow();
    });

    it('[ST2] get and list return what was put, in order', () => {
      const { store } = fresh();
      for (const [ns, key] of [
        ['b', 'x'],
        ['a', 'y'],
        ['a', 'x'],
        ['', 'z'],
      ])
        put(store, ns, key, `${ns}/${key}`);
      expect(store.get('things', 'a', 'y')).toEqual({ rev: 2, resource: 'things', namespace: 'a', name: 'y', json: 'a/y' });
      expect(store.get('other', 'a', 'y')).toBeUndefined();
      expect(texts(store.list({ resource: 'things' }))).toEqual(['/z', 'a/x', 'a/y', 'b/x']);
      expect(texts(store.list({ resource: 'things', namespace: 'a' }))).toEqual(['a/x', 'a/y']);
      expect(store.count({ resource: 'things', namespace: 'a' })).toBe(2);
    });

    it('[ST2] a condition over the text filters in SQLite', () => {
      const { store } = fresh();
      put(store, 'a', 'x', '{"n":1}');
      put(store, 'a', 'y', '{"n":2}');
      const where = { sql: "json_extract(json, '$.n') = ?", params: [2] };
      expect(texts(store.list({ resource: 'things', where }))).toEqual(['{"n":2}']);
      expect(store.count({ resource: 'things', where })).toBe(1);
      put(store, 'a', 'y', '{"n":3}');
      expect(texts(store.list({ resource: 'things', where, at: 2 }))).toEqual(['{"n":2}']);
    });

    it('[ST2] the bytes of a list are its rows put together, also in several chunks', () => {
      const { store } = fresh();
      for (let i = 0; i < 7; i++) put(store, `n${i % 2}`, `k${i}`, `{"kind":"T","n":${i},"pad":"${'é'.repeat(i * 60_000)}"}`);
      const skip = '{"kind":"T",'.length;
      const read = (query: Parameters<Store['bytes']>[0]) => {
        let page: ListPage | undefined;
        const bytes = store.bytes(query, skip, (told) => {
          page = told;
          return ['[', ']'];
        });
        return { text: new TextDecoder().decode(bytes), ...(page as ListPage | undefined) };
      };
      const rows = store.list({ resource: 'things' });
      expect(read({ resource: 'things' })).toEqual({
        text: `[${rows.map((r) => `{${r.json.slice(skip)}`).join(',')}]`,
        rest: 0,
        last: undefined,
      });
      expect(JSON.parse(read({ resource: 'things', namespace: 'n1' }).text).map((o: { n: number }) => o.n)).toEqual([1, 3, 5]);
      const where = { sql: "json_extract(json, '$.n') > ?", params: [3] };
      expect(JSON.parse(read({ resource: 'things', where }).text)).toHaveLength(3);
      expect(read({ resource: 'none' }).text).toBe('[]');
      const page = read({ resource: 'things', limit: 3 });
      expect([page.rest, page.last, JSON.parse(page.text).length]).toEqual([4, { namespace: 'n0', name: 'k4' }, 3]);
      const count = () => JSON.parse(read({ resource: 'things', namespace: 'n1' }).text).length;
      expect(count()).toBe(3);
      put(store, 'n1', 'new', '{"kind":"T","n":9}');
      expect(count()).toBe(4);
      expect(() =>
        store.transaction(() => {
          drop(store, 'n1', 'new');
          expect(count()).toBe(3);
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(count()).toBe(4);
      drop(store, 'n1', 'new');
      expect(count()).toBe(3);
      const all = () => JSON.parse(read({ resource: 'things' }).text).length;
      expect([all(), count()]).toEqual([7, 3]);
      put(store, 'n0', 'other', '{"kind":"T","n":10}');
      expect([all(), count()]).toEqual([8, 3]);
      for (let i = 0; i < CHANGES_KEPT; i++) {
        if (i === 10) put(store, 'n1', 'late', '{"kind":"T","n":11}');
        put(store, `m${i}`, 'many', '{"kind":"T","n":12}');
      }
      expect([all(), count()]).toEqual([9 + CHANGES_KEPT, 4]);
    });

    it('[ST3] a removed key is absent and leaves a tombstone with its last state', () => {
      const { store } = fresh();
      put(store, 'a', 'x', '1', ['o']);
      store.remove('things', 'a', 'x', 2, 'last', ['o']);
      expect(store.get('things', 'a', 'x')).toBeUndefined();
      expect(store.list({ resource: 'things' })).toEqual([]);
      expect(store.ownedBy('o')).toEqual([]);
      expect(store.at(2)).toMatchObject({ type: 'DELETED', json: 'last', prev: 1 });
      expect(() => store.remove('things', 'a', 'x', 3, '')).toThrow('nothing to remove');
    });

    it('[ST4] changes after a revision come oldest first with type and previous revision', () => {
      const { store } = fresh();
      put(store, 'a', 'x', '1');
      put(store, 'b', 'y', '2');
      put(store, 'a', 'x', '3');
      drop(store, 'b', 'y');
      expect(store.after(1).map((r) => [r.rev, r.type, r.name, r.prev])).toEqual([
        [2, 'ADDED', 'y', undefined],
        [3, 'MODIFIED', 'x', 1],
        [4, 'DELETED', 'y', 2],
      ]);
      expect(store.after(0, { namespace: 'a' }).map((r) => r.rev)).toEqual([1, 3]);
      expect(store.after(0, { limit: 1 }).map((r) => r.rev)).toEqual([1]);
      expect(store.after(4)).toEqual([]);
    });

    it('[ST5][ST6][ST7][ST10] a random history: lists at every revision, in pages, through compaction and reopening', () => {
      const random = seeded(7);
      const { sql, store } = fresh();
      const live = new Map<string, string>();
      const history: string[][] = [[]];
      const snapshot = () => [...live.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, v]) => v);
      for (let i = 0; i < 300; i++) {
        const [ns, key] = [`n${Math.floor(random.next() * 3)}`, `k${Math.floor(random.next() * 12)}`];
        if (random.next() < 0.3 && live.has(`${ns}/${key}`)) {
          drop(store, ns, key);
          live.delete(`${ns}/${key}`);
        } else {
          put(store, ns, key, `v${i}`);
          live.set(`${ns}/${key}`, `v${i}`);
        }
        history.push(snapshot());
      }
      const same = (from: number, other: Store) => {
        for (let at = from; at < history.length; at += 7) {
          expect(texts(other.list({ resource: 'things', at }))).toEqual(history[at]);
          expect(other.count({ resource: 'things', at })).toBe(history[at].length);
          const pages: string[] = [];
          let after: { namespace: string; name: string } | undefined;
          for (;;) {
            const page = other.list({ resource: 'things', at, limit: 4, after });
            pages.push(...texts(page));
            if (page.length < 4) break;
            after = page[3];
          }
          expect(pages).toEqual(history[at]);
        }
      };
      same(0, store);
      store.compact(120);
      store.compact(200);
      expect(store.compacted()).toBe(200);
      same(200, store);
      expect(store.after(200).length).toBe(100);
      for (const change of store.after(200)) if (change.prev !== undefined) expect(store.at(change.prev)).toBeDefined();
      const again = new Store(sql);
      expect([again.revision(), again.compacted()]).toEqual([300, 200]);
      same(200, again);
      store.compact(300);
      expect(texts(store.list({ resource: 'things' }))).toEqual(history[300]);
      expect(sql.all<{ n: number }>('SELECT count(*) AS n FROM log')[0].n).toBe(history[300].length);
      expect(new Store(sql).revision()).toBe(300);
    });

    it('[ST8] a throw leaves no trace', () => {
      const { store } = fresh();
      put(store, 'a', 'x', '1');
      expect(() =>
        store.transaction(() => {
          put(store, 'a', 'x', '2', ['o']);
          put(store, 'a', 'y', '3');
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(store.revision()).toBe(1);
      expect(texts(store.list({ resource: 'things' }))).toEqual(['1']);
      expect(store.ownedBy('o')).toEqual([]);
      store.transaction(() => {
        put(store, 'a', 'x', '2');
        expect(() =>
          store.transaction(() => {
            put(store, 'a', 'z', '9');
            throw new Error('inner');
          }),
        ).toThrow('inner');
        put(store, 'a', 'y', '3');
      });
      expect(texts(store.list({ resource: 'things' }))).toEqual(['2', '3']);
      expect(store.revision()).toBe(3);
    });

    it('[ST9] owners find their dependents until disowned', () => {
      const { store } = fresh();
      put(store, 'a', 'x', '1', ['o', 'p']);
      put(store, 'a', 'y', '2', ['o']);
      put(store, 'a', 'x', '3', ['o', 'p']);
      expect(texts(store.ownedBy('o'))).toEqual(['3', '2']);
      expect(texts(store.ownedBy('o', 'others'))).toEqual([]);
      expect([store.resourcesOwnedBy('o'), store.resourcesOwnedBy('nobody')]).toEqual([['things'], []]);
      store.disown('things', 'a', 'x', ['o']);
      expect(texts(store.ownedBy('o'))).toEqual(['2']);
      expect(texts(store.ownedBy('p', 'things'))).toEqual(['3']);
    });
  });
}
