import { beforeEach, describe, expect, it } from 'vitest';
import { USAGE_FLUSH_MS } from '../../../src/lib/limits.ts';
import { seeded } from '../../fixtures/prng.ts';
import type { Cluster } from '../../../src/cluster/cluster.ts';
import { ClusterHost } from '../../../src/cluster/host.ts';
import { DRAIN_RESCUE_MS, USAGE_PUSH_MS } from '../../../src/cluster/limits.ts';
import { PHASES } from '../../../src/cluster/turn.ts';
import type { Runtime } from '../../../src/kubelet/runtime.ts';
import { simulated } from '../../../src/runtimes/simulated/runtime.ts';
import { WorkerdAlarm } from '../../host/alarms.ts';
import { nodeCrypto } from '../../host/crypto.ts';
import { openSqlite } from '../../host/sqlite.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const PODS = '/api/v1/namespaces/default/pods';

/** An object on a platform whose time a test moves. */
class Platform {
  now = BEGIN;
  readonly sql = openSqlite();
  readonly alarm = new WorkerdAlarm(() => this.now);
  readonly timers: { at: number; run: () => void }[] = [];
  readonly said: string[] = [];
  /** Keys that a slice may take. */
  keys = Number.POSITIVE_INFINITY;
  token = '';
  readonly host: ClusterHost;

  constructor(runtime: Runtime = simulated) {
    const random = seeded(1);
    this.host = new ClusterHost({
      platform: { sql: this.sql, random, crypto: nodeCrypto(random), runtimes: { default: runtime, byHandler: new Map() } },
      alarm: this.alarm,
      now: () => this.now,
      after: (ms, run) => void this.timers.push({ at: this.now + ms, run }),
      pause: async () => undefined,
      budget: () => {
        let left = this.keys;
        return () => --left > 0;
      },
      slice: (_, workMs) => ({ workMs, rests: false }),
      pauseAfter: () => 0,
      ask: () => undefined,
      send: () => undefined,
      tell: (cluster) => {
        cluster.usage.tell(this.now);
        this.said.push('tell');
      },
      tellLast: async () => void this.said.push('tell last'),
      streams: { resume: () => undefined, closeAll: () => void this.said.push('close streams') },
      source: () => ({ exportStart: async () => undefined, exportChunk: async () => undefined }),
      erase: async () => void this.said.push('erase'),
      report: {
        turn: () => undefined,
        failed: (_, phase, error) => void this.said.push(`${phase} failed: ${(error as Error).message}`),
        alarmLost: () => void this.said.push('lost'),
      },
    });
  }

  create(): void {
    this.token = this.host.create({ id: 'a', name: 'a' }, { id: 'admin', username: 'admin', role: 'admin' });
  }

  get cluster(): Cluster {
    return this.host.cluster as Cluster;
  }

  /** A request and its turn. */
  ask(method: string, url: string, body?: object): void {
    const header = (name: string) => (name === 'authorization' ? `Bearer ${this.token}` : null);
    this.cluster.handle({ method, url, header, body: body ? JSON.stringify(body) : '', now: this.now });
    this.host.turns.take(this.cluster, this.now, 4);
    this.alarm.commit();
  }

  /** Lets timers and alarms come, at their times. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.timers.sort((a, b) => a.at - b.at);
      const [timer] = this.timers;
      const alarm = this.alarm.next ?? Number.POSITIVE_INFINITY;
      const at = Math.min(timer?.at ?? Number.POSITIVE_INFINITY, alarm);
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (timer && timer.at <= alarm) {
        this.timers.shift();
        timer.run();
        this.alarm.commit();
      } else {
        this.alarm.start();
        this.alarm.run((scheduled) => {
          this.host.turns.fired(scheduled);
          this.host.wake();
        });
      }
    }
    this.now = end;
  }
}

let o: Platform;
beforeEach(() => {
  o = new Platform();
  o.create();
});

const requests = () => o.sql.all<{ requests: number }>('SELECT sum(requests) AS requests FROM usage')[0].requests;

describe('a turn', () => {
  it('reconciles before it sends, in this order', () => {
    expect(PHASES.map(({ name }) => name)).toEqual(['drain', 'run', 'flush']);
  });

  it('goes on in slices, with an alarm that does the rest should the object die', () => {
    o.pass(1000);
    o.keys = 1;
    o.ask('POST', PODS, {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c', image: 'c' }] },
    });
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Pending' });
    o.pass(100);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Running' });
  });

  it('[RC11] that fails is reported, and the alarm tries again', () => {
    o.pass(60_000);
    const drain = o.cluster.drain.bind(o.cluster);
    o.cluster.drain = () => {
      throw new Error('disk I/O error');
    };
    o.ask('POST', PODS, {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c', image: 'c' }] },
    });
    expect(o.said).toContain('drain failed: disk I/O error');
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    o.cluster.drain = drain;
    o.pass(DRAIN_RESCUE_MS + 100);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Running' });
  });
});

/** The simulated runtime, with work of its own that takes so many steps. */
class Laborious {
  /** Steps that are left. */
  left = 0;
  /** Steps of each slice. */
  readonly slices: number[] = [];
  error: Error | undefined;
  observed = 0;
  #changed: Parameters<NonNullable<Runtime['onChange']>>[0] = () => undefined;
  readonly runtime: Runtime = {
    ...simulated,
    observe: (...asked) => {
      this.observed++;
      return simulated.observe(...asked);
    },
    onChange: (changed) => void (this.#changed = changed),
    run: (_, more) => {
      if (this.error) throw this.error;
      if (this.left === 0) return true;
      let steps = 0;
      do steps++;
      while (--this.left > 0 && more());
      this.slices.push(steps);
      if (this.left === 0) this.#changed({ namespace: 'default', name: 'a' });
      return this.left === 0;
    },
  };
}

describe('[RT8] runtimes execute', () => {
  const POD = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'c' }] } };
  let work: Laborious;
  beforeEach(() => {
    work = new Laborious();
    o = new Platform(work.runtime);
    o.create();
    o.pass(60_000);
    o.keys = 3;
  });

  it('in slices, one after another, until nothing is left', () => {
    work.left = 10;
    o.host.turns.markDirty();
    o.ask('GET', PODS);
    expect([work.slices, o.alarm.stored]).toEqual([[3], expect.any(Number)]);
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    o.pass(100);
    expect(work.slices).toEqual([3, 3, 3, 1]);
  });

  it('from the budget that the drain left, one step at least: a pod without end keeps nobody from working', () => {
    work.left = 1_000_000;
    o.ask('POST', PODS, POD);
    expect(work.slices).toEqual([1]);
    for (let n = 0; n < 50; n++) o.ask('GET', PODS);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Running' });
    expect(work.left).toBeGreaterThan(0);
    expect(Math.max(...work.slices)).toBeLessThanOrEqual(3);
  });

  it('and go on by the alarm where the object died meanwhile', () => {
    work.left = 10;
    o.host.turns.markDirty();
    o.ask('GET', PODS);
    o.timers.length = 0;
    o.pass(DRAIN_RESCUE_MS + 100);
    expect(work.slices.length).toBeGreaterThan(1);
  });

  it('and what they signal is looked at in the next turn', () => {
    o.ask('POST', PODS, POD);
    o.pass(60_000);
    const { observed } = work;
    work.left = 1;
    o.host.turns.markDirty();
    o.ask('GET', `${PODS}/a`);
    o.pass(10);
    expect(work.observed).toBe(observed + 1);
    expect(o.cluster.reconciler.isDirty).toBe(false);
  });

  it('and one that fails is reported and tried again', () => {
    work.error = new Error('no sandbox');
    o.ask('POST', PODS, POD);
    expect(o.said).toContain('run failed: no sandbox');
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    work.error = undefined;
    work.left = 1;
    o.pass(DRAIN_RESCUE_MS + 100);
    expect(work.left).toBe(0);
  });
});

describe('what a cluster holds in memory', () => {
  it('[MG71] is stored within moments, by one timer', () => {
    o.pass(60_000);
    const before = requests();
    for (let n = 0; n < 5; n++) o.ask('GET', PODS);
    expect([requests(), o.timers.length]).toEqual([before, 1]);
    o.pass(USAGE_FLUSH_MS);
    expect([requests(), o.timers.length]).toEqual([before + 5, 0]);
  });

  it('[MG71] is stored before the cluster is opened anew, which has a timer of its own', async () => {
    o.pass(60_000);
    const before = requests();
    o.ask('GET', PODS);
    await o.host.setLifecycle({ version: 1, state: 'suspended' });
    expect([requests(), o.said.at(-1)]).toEqual([before + 1, 'close streams']);
    await o.host.setLifecycle({ version: 2, state: 'ready' });
    o.ask('GET', PODS);
    o.pass(USAGE_FLUSH_MS);
    expect(requests()).toBe(before + 2);
  });

  it('[TIME5] is reported when the alarm comes for it: it does not come again at once', () => {
    o.pass(60_000);
    o.ask('GET', PODS);
    o.pass(USAGE_FLUSH_MS);
    o.ask('GET', PODS);
    const [runs, told] = [o.alarm.runs, o.said.filter((said) => said === 'tell').length];
    o.pass(2 * USAGE_PUSH_MS);
    expect(o.said.filter((said) => said === 'tell').length - told).toBeGreaterThanOrEqual(1);
    expect(o.alarm.runs - runs).toBeLessThanOrEqual(4);
    expect(o.alarm.isLost).toBe(false);
  });
});

describe('the end of a cluster', () => {
  it('reports its usage first, closes its streams and erases it', async () => {
    o.said.length = 0;
    await o.host.destroy();
    expect(o.said).toEqual(['tell last', 'close streams', 'erase']);
    expect(o.host.cluster).toBeUndefined();
  });

  it('a deleted one is not opened, and its alarm does nothing', async () => {
    await o.host.setLifecycle({ version: 1, state: 'deleted' });
    expect([o.said.includes('tell last'), o.host.open()]).toEqual([true, undefined]);
    o.pass(7_200_000);
    expect([o.host.cluster, o.alarm.next]).toEqual([undefined, undefined]);
  });
});
