import { describe, expect, it } from 'vitest';
import type { Reply } from '../../../src/lib/ask.ts';
import { seeded } from '../../fixtures/prng.ts';
import { OUTBOX_SENDS, OUTBOX_BATCH, OUTBOX_FIRST_MS, OUTBOX_MAX_MS, OUTBOX_SENDING_MS } from '../../../src/reconcile/limits.ts';
import type { Delivery } from '../../../src/reconcile/outbox.ts';
import type { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { bench, configMap, NOW } from './bench.ts';

const OK: Reply = { status: 204, body: '' };
const FAILED: Reply = { failed: 'it could not be reached' };

/** Every ConfigMap of `default` is sent outside once, and what came of it is written down beside it. */
function sending() {
  return bench({
    reconcile: (key, view, { effect }) => {
      const object = view.get('configmaps', key.namespace, key.name);
      if (key.namespace !== 'default' || !object || key.name.startsWith('sent-')) return { actions: [] };
      const { uid } = object.metadata;
      if (view.get('configmaps', 'default', `sent-${key.name}`)) return { actions: [] };
      const state = effect?.(uid);
      if (!state) {
        const request = { method: 'POST', url: 'https://outside.example.com/', body: key.name } as const;
        return { actions: [{ verb: 'effect', id: uid, request }] };
      }
      if (!state.outcome) return { actions: [] };
      const said = 'failed' in state.outcome ? state.outcome.failed : String(state.outcome.status);
      const sent = configMap(`sent-${key.name}`, { said, sends: String(state.sends) });
      return {
        actions: [
          { verb: 'create', resource: 'configmaps', object: sent },
          { verb: 'settle', id: uid },
        ],
      };
    },
  });
}

const rows = (host: ReturnType<typeof sending>['host']) => host.sql.all<{ n: number }>('SELECT count(*) AS n FROM outbox')[0].n;

describe('[RC15] the outbox', () => {
  it('sends what was committed, once while it is on its way, and the sender hears of the end', () => {
    const { put, reconciler, data, host } = sending();
    put('a');
    reconciler.drain(NOW);
    const [delivery, ...more] = reconciler.outbox.take(NOW);
    expect([delivery.request.body, more, reconciler.outbox.take(NOW)]).toEqual(['a', [], []]);
    reconciler.delivered(delivery.id, OK, NOW);
    reconciler.drain(NOW);
    expect(data('sent-a')).toEqual({ said: '204', sends: '1' });
    expect([rows(host), reconciler.outbox.next()]).toEqual([0, undefined]);
    // Its answer comes once more.
    reconciler.delivered(delivery.id, FAILED, NOW);
    expect(reconciler.drain(NOW)).toBe(true);
    expect(data('sent-a')?.said).toBe('204');
  });

  it('has nothing of a transaction that was rolled back', () => {
    const { put, reconciler, host } = sending();
    put('a');
    const { run } = host.sql;
    let disk = 'bad';
    host.sql.run = (statement, ...params) => {
      run(statement, ...params);
      if (disk === 'bad' && statement.includes('outbox')) throw new Error('disk I/O error');
    };
    expect(() => reconciler.drain(NOW)).toThrow('disk I/O error');
    expect([reconciler.outbox.next(), reconciler.outbox.take(NOW)]).toEqual([undefined, []]);
    disk = 'good';
    reconciler.drain(NOW);
    expect(reconciler.outbox.take(NOW)).toHaveLength(1);
  });

  it('sends again with back-off and the same id, and gives up in the end', () => {
    const { put, reconciler, data } = sending();
    put('a');
    reconciler.drain(NOW);
    let now = NOW;
    const ids = new Set<string>();
    for (let attempt = 0; attempt < OUTBOX_SENDS; attempt++) {
      const [delivery] = reconciler.outbox.take(now);
      ids.add(delivery.id);
      reconciler.delivered(delivery.id, attempt % 2 ? FAILED : { status: 500, body: '' }, now);
      expect(reconciler.drain(now)).toBe(true);
      if (attempt === OUTBOX_SENDS - 1) break;
      const next = now + Math.min(OUTBOX_FIRST_MS * 2 ** attempt, OUTBOX_MAX_MS);
      expect(reconciler.outbox.next()).toBe(next);
      expect(reconciler.outbox.take(next - 1)).toEqual([]);
      now = next;
    }
    expect(ids.size).toBe(1);
    expect(data('sent-a')).toEqual({ said: FAILED.failed, sends: String(OUTBOX_SENDS) });
    expect(reconciler.outbox.next()).toBeUndefined();
  });

  it('does not wait for an answer for ever, and wakes the cluster when it is due', () => {
    const { put, reconciler } = sending();
    put('a');
    reconciler.drain(NOW);
    expect(reconciler.outbox.next()).toBe(NOW);
    const [first] = reconciler.outbox.take(NOW);
    expect(reconciler.outbox.next()).toBe(NOW + OUTBOX_SENDING_MS);
    expect(reconciler.outbox.take(NOW + OUTBOX_SENDING_MS)).toEqual([first]);
  });

  it('has a few under way at a time', () => {
    const { put, reconciler } = sending();
    for (let i = 0; i < OUTBOX_BATCH + 3; i++) put(`a${i}`);
    reconciler.drain(NOW);
    const first = reconciler.outbox.take(NOW);
    expect([first.length, reconciler.outbox.take(NOW).length]).toEqual([OUTBOX_BATCH, 0]);
    expect(reconciler.outbox.next()).toBe(NOW);
    for (const { id } of first.slice(0, 2)) reconciler.delivered(id, { status: 200, body: '' }, NOW);
    expect(reconciler.outbox.take(NOW).length).toBe(2);
  });

  it.each([1, 2, 3, 4, 5, 6])('delivers at least once and loses nothing, whenever the process dies, world %i', (seed) => {
    const { put, make, data, host, reconciler: first } = sending();
    const random = seeded(seed);
    const chance = (p: number) => random.next() < p;
    const received = new Map<string, number>();
    let [reconciler, now]: [Reconciler, number] = [first, NOW];
    const wire: Delivery[] = [];
    for (let i = 0; i < 120; i++) {
      if (i < 30 && chance(0.5)) put(`a${i}`);
      reconciler.drain(now);
      // It dies between the commit and the sending, or after the sending and before the result.
      if (chance(0.2)) reconciler = make();
      wire.push(...reconciler.outbox.take(now));
      for (const { id, request } of wire.splice(0)) {
        const arrives = chance(0.8);
        if (arrives) received.set(String(request.body), (received.get(String(request.body)) ?? 0) + 1);
        if (chance(0.2)) reconciler = make();
        else if (chance(0.9)) reconciler.delivered(id, arrives && chance(0.9) ? OK : FAILED, now);
      }
      now += Math.floor(random.next() * 20_000);
    }
    while (rows(host)) {
      now = Math.max(now, reconciler.outbox.next() ?? now);
      reconciler.drain(now);
      for (const { id, request } of reconciler.outbox.take(now)) {
        received.set(String(request.body), (received.get(String(request.body)) ?? 0) + 1);
        reconciler.delivered(id, OK, now);
      }
      reconciler.drain(now);
    }
    const names = host.cluster.registry.objects('configmaps', 'default').map(({ metadata }) => metadata.name);
    const sent = names.filter((name) => /^a\d+$/.test(name));
    expect(sent.length).toBeGreaterThan(5);
    for (const name of sent) {
      expect(received.get(name), name).toBeGreaterThanOrEqual(1);
      expect(data(`sent-${name}`)?.said, name).toBe('204');
    }
  });
});
