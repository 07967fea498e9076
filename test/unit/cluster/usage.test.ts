import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { USAGE_FLUSH_MS } from '../../../src/lib/limits.ts';
import { USAGE_HOURS, USAGE_PUSH_MS } from '../../../src/cluster/limits.ts';
import { makeCluster } from '../../host/make-cluster.ts';

const HOUR = 3_600_000;
const BEGIN = Date.UTC(2026, 0, 1);
const ITEMS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const hoursOf = (host: ReturnType<typeof makeCluster>) => host.cluster.usage.hours(0, Number.MAX_SAFE_INTEGER, host.now);
const totals = (host: ReturnType<typeof makeCluster>) =>
  hoursOf(host).reduce((sum, h) => ({ requests: sum.requests + h.requests, writes: sum.writes + h.writes }), {
    requests: 0,
    writes: 0,
  });
const rows = (host: ReturnType<typeof makeCluster>) => host.sql.all('SELECT * FROM usage').length;

describe('usage of a cluster', () => {
  it('[MG70] counts requests, and of these what changed something', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('GET', ITEMS);
    host.do('GET', `${ITEMS}/nothing`);
    host.do('POST', ITEMS, configMap('a'));
    host.do('POST', ITEMS, configMap('a'));
    host.do('PUT', `${ITEMS}/nothing`, configMap('nothing'));
    host.do('DELETE', `${ITEMS}/a`);
    host.do('GET', ITEMS, undefined, { authorization: 'Bearer wrong' });
    host.do('POST', ITEMS, configMap('b'), { authorization: 'Bearer wrong' });
    host.watch(`${ITEMS}?watch=1`);
    expect(totals(host)).toEqual({ requests: 7, writes: 2 });
    expect(hoursOf(host)).toEqual([{ hour: BEGIN, requests: 7, writes: 2, bytes: host.sql.size(), awakeMs: 1000 }]);
    host.advance(500);
    host.do('GET', ITEMS);
    host.advance(500);
    host.do('GET', ITEMS);
    host.advance(10_000);
    expect(hoursOf(host)[0].awakeMs).toBe(2000);
  });

  it('[MG70] keeps the most bytes of the hour', () => {
    const host = makeCluster({ apiOnly: true });
    const before = host.sql.size();
    host.do('POST', ITEMS, { ...configMap('large'), data: { pad: 'x'.repeat(500_000) } });
    expect(hoursOf(host)[0].bytes).toBeGreaterThan(before + 400_000);
  });

  it('[MG71] a write carries its count, and all before it, over a crash: no row of its own', () => {
    const host = makeCluster({ apiOnly: true });
    const before = rows(host);
    host.do('GET', ITEMS);
    host.do('GET', ITEMS);
    host.do('POST', ITEMS, configMap('a'));
    expect(host.cluster.usage.due).toBeUndefined();
    expect(rows(host)).toBe(before);
    host.crash();
    expect(totals(host)).toEqual({ requests: 3, writes: 1 });
  });

  it('[MG71] a disk that fails at the turn of an hour refuses nobody: the hour before counts until it works', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('GET', ITEMS);
    host.advance(HOUR);
    const { run } = host.sql;
    host.sql.run = () => {
      throw new Error('disk I/O error');
    };
    expect(host.request('GET', ITEMS).status).toBe(200);
    expect(hoursOf(host)).toMatchObject([{ hour: BEGIN, requests: 2 }]);
    expect(host.failures.map(({ part, error }) => `${part}: ${(error as Error).message}`)).toEqual(['usage: disk I/O error']);
    host.sql.run = run;
    host.do('GET', ITEMS);
    expect(hoursOf(host)).toMatchObject([
      { hour: BEGIN, requests: 2 },
      { hour: BEGIN + HOUR, requests: 1 },
    ]);
    host.cluster.usage.flush(host.now);
    host.crash();
    expect(totals(host).requests).toBe(3);
  });

  it('[MG71] reads are due within moments, and lost before only', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('POST', ITEMS, configMap('a'));
    host.do('GET', ITEMS);
    expect(host.cluster.usage.due).toBe(host.now + USAGE_FLUSH_MS);
    host.now += 50;
    host.do('GET', ITEMS);
    expect(host.cluster.usage.due).toBe(host.now - 50 + USAGE_FLUSH_MS);
    host.crash();
    expect(totals(host)).toEqual({ requests: 1, writes: 1 });
    host.do('GET', ITEMS);
    host.cluster.usage.flush(host.now);
    expect(host.cluster.usage.due).toBeUndefined();
    host.crash();
    expect(totals(host)).toEqual({ requests: 2, writes: 1 });
  });

  it('[MG71] a refused write and one for trial leave nothing but a request', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('POST', ITEMS, configMap('a'));
    host.do('POST', ITEMS, configMap('a'));
    host.do('POST', `${ITEMS}?dryRun=All`, configMap('b'));
    host.cluster.usage.flush(host.now);
    host.crash();
    expect(totals(host)).toEqual({ requests: 3, writes: 2 });
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    '[MG71] crashes anywhere lose no write, and of reads only those of the moment (seed %i)',
    (seed) => {
      const chance = seeded(seed + 1);
      const host = makeCluster({ seed: seed + 1, apiOnly: true });
      const counted = { requests: 0, writes: 0 };
      // What no row says yet.
      let loose = { requests: 0, writes: 0 };
      const keep = () => {
        loose = { requests: 0, writes: 0 };
      };
      for (let n = 0; n < 120; n++) {
        const what = chance.next();
        counted.requests++;
        loose.requests++;
        if (what < 0.4) host.do('GET', ITEMS);
        else if (what < 0.5) host.do('POST', ITEMS, configMap('Not A Name'));
        else if (what < 0.6) {
          host.do('POST', `${ITEMS}?dryRun=All`, configMap(`trial-${n}`));
          counted.writes++;
          loose.writes++;
        } else {
          host.do('POST', ITEMS, configMap(`item-${n}`));
          counted.writes++;
          keep();
        }
        const then = chance.next();
        if (then < 0.1) {
          host.cluster.usage.flush(host.now);
          keep();
        } else if (then < 0.2) {
          const hour = Math.floor(host.now / HOUR);
          host.advance(Math.floor(chance.next() * HOUR * 0.7));
          // The first request of an hour closes the one before.
          if (Math.floor(host.now / HOUR) > hour) {
            host.cluster.usage.flush(host.now);
            keep();
          }
        } else if (then < 0.35) {
          counted.requests -= loose.requests;
          counted.writes -= loose.writes;
          keep();
          host.crash();
        }
        expect(totals(host), `after ${n}`).toEqual(counted);
      }
    },
  );

  it('[MG72] hours begin on the hour, and those in which nothing happened are not there', () => {
    const host = makeCluster({ apiOnly: true, now: BEGIN + HOUR - 1 });
    host.do('GET', ITEMS);
    host.now++;
    host.do('POST', ITEMS, configMap('a'));
    host.now += HOUR - 1;
    host.do('GET', ITEMS);
    host.now += 5 * HOUR;
    host.do('GET', ITEMS);
    expect(hoursOf(host).map(({ hour, requests, writes }) => [(hour - BEGIN) / HOUR, requests, writes])).toEqual([
      [0, 1, 0],
      [1, 2, 1],
      [6, 1, 0],
    ]);
    host.crash();
    expect(totals(host)).toEqual({ requests: 3, writes: 1 });
    const within = host.cluster.usage.hours(BEGIN + HOUR, BEGIN + HOUR + 1, host.now);
    expect(within.map(({ requests }) => requests)).toEqual([2]);
  });

  it('[MG72] what crashed before the hour was over belongs to that hour', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('POST', ITEMS, configMap('a'));
    host.crash();
    host.now += HOUR;
    host.do('GET', ITEMS);
    expect(hoursOf(host).map(({ requests, writes }) => [requests, writes])).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });

  it('[MG72] a clock that is set back counts to the newest hour', () => {
    const host = makeCluster({ apiOnly: true, now: BEGIN + HOUR });
    host.do('GET', ITEMS);
    host.now -= HOUR;
    host.do('GET', ITEMS);
    expect(hoursOf(host).map(({ hour, requests }) => [hour, requests])).toEqual([[BEGIN + HOUR, 2]]);
  });

  it('[MG73] is to be reported at first, then while it changes, and again what was not heard', () => {
    const host = makeCluster({ apiOnly: true });
    const { usage } = host.cluster;
    expect([usage.isReportDue(host.now), usage.reportAt, host.cluster.nextAlarm()]).toEqual([true, undefined, undefined]);
    const reported = usage.report(host.now);
    expect(reported).toHaveLength(1);
    expect([usage.isReportDue(host.now), usage.reportAt]).toEqual([false, undefined]);
    host.do('GET', ITEMS);
    expect(host.cluster.alarmAt(host.now)).toBe(host.now + USAGE_PUSH_MS);
    host.now += USAGE_PUSH_MS - 1;
    expect(usage.isReportDue(host.now)).toBe(false);
    host.now++;
    expect(usage.isReportDue(host.now)).toBe(true);
    usage.report(host.now);
    expect(usage.reportAt).toBeUndefined();
    usage.reportFailed();
    expect(usage.reportAt).toBe(host.now + USAGE_PUSH_MS);
  });

  it('[MG73] tells hours until they are heard of, also over a crash', () => {
    const host = makeCluster({ apiOnly: true });
    const report = () => host.cluster.usage.report(host.now).map(({ hour }) => (hour - BEGIN) / HOUR);
    host.now += HOUR;
    host.do('GET', ITEMS);
    expect(report()).toEqual([0, 1]);
    host.now += HOUR;
    host.do('GET', ITEMS);
    expect(report()).toEqual([0, 1, 2]);
    host.cluster.usage.reportAcknowledged(host.cluster.usage.report(host.now));
    host.now += HOUR;
    host.do('GET', ITEMS);
    expect(report()).toEqual([2, 3]);
    host.cluster.usage.flush(host.now);
    host.crash();
    expect(report()).toEqual([2, 3]);
  });

  it('[MG73] keeps a month, but never forgets what nobody heard of', () => {
    const host = makeCluster({ apiOnly: true });
    host.do('GET', ITEMS);
    host.now += (USAGE_HOURS + 1) * HOUR;
    host.do('GET', ITEMS);
    expect(hoursOf(host)).toHaveLength(2);
    host.cluster.usage.reportAcknowledged(host.cluster.usage.report(host.now));
    host.now += HOUR;
    host.do('GET', ITEMS);
    expect(hoursOf(host)).toHaveLength(2);
    expect(hoursOf(host)[0].hour).toBeGreaterThan(BEGIN);
  });
});

describe('the number of live objects', () => {
  it('is known without a scan, after rollbacks and crashes too', () => {
    const host = makeCluster({ apiOnly: true });
    const { store } = host.cluster.registry;
    const scan = () => host.sql.all<{ n: number }>('SELECT count(*) AS n FROM heads')[0].n;
    expect(store.live()).toBe(scan());
    host.do('POST', ITEMS, configMap('a'));
    host.do('POST', ITEMS, configMap('a'));
    host.do('POST', ITEMS, configMap('b'));
    host.do('PATCH', `${ITEMS}/b`, { data: { a: 'b' } }, { 'content-type': 'application/merge-patch+json' });
    host.do('POST', `${ITEMS}?dryRun=All`, configMap('c'));
    host.do('DELETE', `${ITEMS}/a`);
    expect(store.live()).toBe(scan());
    host.crash();
    expect(host.cluster.registry.store.live()).toBe(scan());
    host.sql.run('UPDATE log SET tally = NULL');
    host.crash();
    expect(host.cluster.registry.store.live()).toBe(scan());
  });
});
