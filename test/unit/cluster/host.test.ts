import { beforeEach, describe, expect, it } from 'vitest';
import { USAGE_FLUSH_MS } from '../../../src/lib/limits.ts';
import { seeded } from '../../fixtures/prng.ts';
import type { Cluster } from '../../../src/cluster/cluster.ts';
import { ClusterHost } from '../../../src/cluster/host.ts';
import { DRAIN_RESCUE_MS, USAGE_PUSH_MS } from '../../../src/cluster/limits.ts';
import { EVENT_TTL_MS } from '../../../src/store/limits.ts';
import { Unanswered } from '../../../src/lib/ask.ts';
import { PHASES } from '../../../src/cluster/turn.ts';
import type { Runtime } from '../../../src/kubelet/runtime.ts';
import { simulated } from '../../../src/runtimes/simulated/runtime.ts';
import type { AlarmPort } from '../../../src/time/alarm.ts';
import { WorkerdAlarm } from '../../host/alarms.ts';
import { nodeCrypto } from '../../host/crypto.ts';
import { openSqlite } from '../../host/sqlite.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const PODS = '/api/v1/namespaces/default/pods';
const POD = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'c' }] } };

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
  host: ClusterHost;
  readonly #runtime: Runtime;
  readonly #random = seeded(1);

  constructor(runtime: Runtime = simulated) {
    this.#runtime = runtime;
    this.host = this.#construct();
  }

  /** What an eviction leaves. */
  restart(): void {
    this.host = this.#construct();
    this.host.turns.adopt(this.alarm.stored);
  }

  #construct(): ClusterHost {
    const random = this.#random;
    const runtimesFor = () => ({ default: this.#runtime, byHandler: new Map() });
    return new ClusterHost({
      platform: { sql: this.sql, random, crypto: nodeCrypto(random), runtimesFor },
      alarm: this.alarm,
      now: () => this.now,
      after: (ms, run) => void this.timers.push({ at: this.now + ms, run }),
      pause: async () => undefined,
      budget: () => {
        let left = this.keys;
        return () => --left > 0;
      },
      slice: (_, workMs) => ({ workMs, pauses: false }),
      pauseAfter: () => 0,
      ask: () => undefined,
      send: () => undefined,
      reportUsage: (cluster) => {
        cluster.usage.report(this.now);
        this.said.push('tell');
      },
      reportLastUsage: async () => void this.said.push('report last usage'),
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
          this.host.wake(scheduled);
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
    expect(PHASES.map(({ name }) => name)).toEqual(['expire', 'drain', 'run', 'flush', 'ask', 'store']);
  });

  it('goes on in slices, with an alarm that does the rest should the object die', () => {
    o.pass(1000);
    o.keys = 1;
    o.ask('POST', PODS, POD);
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
    o.ask('POST', PODS, POD);
    expect(o.said).toContain('drain failed: disk I/O error');
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    o.cluster.drain = drain;
    o.pass(DRAIN_RESCUE_MS + 100);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Running' });
  });
});

describe('[RC17] an error at any place of a turn', () => {
  const broken = () => {
    throw new Error('database or disk is full');
  };
  beforeEach(() => o.pass(60_000));

  it.each([
    ['store', () => (o.cluster.store = broken)],
    ['ask', () => (o.cluster.outgoing = broken)],
    ['flush', () => (o.cluster.flush = broken)],
    ['expire', () => (o.cluster.removeExpired = broken)],
    ['turn', () => (o.cluster.nextAlarm = broken)],
  ])('is reported, stops no other phase, and leaves an alarm: %s', (part, breakIt) => {
    o.said.length = 0;
    breakIt();
    o.ask('POST', PODS, POD);
    expect(o.said).toContain(`${part} failed: database or disk is full`);
    expect(o.cluster.registry.object('pods', 'default', 'a')?.status).toMatchObject({ phase: 'Running' });
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
    const { runs } = o.alarm;
    o.pass(5 * DRAIN_RESCUE_MS + 10);
    expect([o.alarm.runs - runs, o.alarm.isLost]).toEqual([5, false]);
  });

  it('as in an idle turn, and in the timer of what is in memory', () => {
    const { store } = o.cluster;
    o.cluster.store = broken;
    o.host.turns.take(o.cluster, o.now, 4);
    expect([o.said.at(-1), o.alarm.stored]).toEqual(['store failed: database or disk is full', expect.any(Number)]);
    o.cluster.store = store;
    o.ask('GET', PODS);
    o.said.length = 0;
    o.cluster.store = broken;
    o.pass(USAGE_FLUSH_MS);
    expect(o.said[0]).toBe('store failed: database or disk is full');
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now + DRAIN_RESCUE_MS);
  });

  it('and one that keeps the cluster from being opened', () => {
    const { all } = o.sql;
    o.restart();
    o.sql.all = broken;
    o.host.wake();
    expect([o.said.at(-1), o.alarm.stored]).toEqual(['alarm failed: database or disk is full', o.now + DRAIN_RESCUE_MS]);
    o.sql.all = all;
    o.alarm.commit();
    o.pass(DRAIN_RESCUE_MS);
    expect(o.host.cluster).toBeDefined();
  });
});

describe('Events that outlived their TTL', () => {
  it('go though an admission plugin refuses or asks: it is asked nothing', () => {
    o.ask('POST', PODS, POD);
    expect(o.cluster.registry.objects('events').length).toBeGreaterThan(0);
    o.cluster.limits.review = () => {
      throw new Unanswered([{ method: 'POST', url: 'https://hook.example.org/' }]);
    };
    o.pass(2 * EVENT_TTL_MS);
    expect([o.cluster.registry.objects('events'), o.said.filter((said) => / failed: /.test(said))]).toEqual([[], []]);
  });
});

it('[TIME6] who is woken though an alarm stands later is not made to wait for that', () => {
  o.pass(60_000);
  expect(o.alarm.stored).toBeGreaterThan(o.now + 60_000);
  o.host.wake();
  o.host.turns.wakeBy(o.now + 5000);
  expect(o.alarm.stored).toBe(o.now + 5000);
});

describe('[TIME7] an alarm that cannot be set', () => {
  it('is reported, and set again', () => {
    o.pass(60_000);
    const { set } = o.alarm;
    let lost: (error: unknown) => void = () => undefined;
    const port: AlarmPort = o.alarm;
    port.set = (_, failed) => void (lost = failed);
    o.host.turns.wakeBy(o.now + 5000);
    lost(new Error('no storage'));
    port.set = set.bind(o.alarm);
    expect(o.said.at(-1)).toBe('alarm failed: no storage');
    o.pass(DRAIN_RESCUE_MS);
    expect(o.alarm.stored).toBeLessThanOrEqual(o.now - DRAIN_RESCUE_MS + 5000);
  });
});

describe('the limits of a cluster', () => {
  it('are in force when they are stored, and not before', () => {
    const { run } = o.sql;
    o.sql.run = () => {
      throw new Error('disk I/O error');
    };
    expect(() => o.host.limit({ plan: 'small', turnMs: 7 })).toThrow('disk I/O error');
    expect(o.cluster.limits.turnMs).toBe(Number.POSITIVE_INFINITY);
    o.sql.run = run;
    o.host.limit({ plan: 'small', turnMs: 7 });
    expect(o.cluster.limits.turnMs).toBe(7);
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
    expect(o.said).toEqual(['report last usage', 'close streams', 'erase']);
    expect(o.host.cluster).toBeUndefined();
  });

  it('a deleted one is not opened, and its alarm does nothing', async () => {
    await o.host.setLifecycle({ version: 1, state: 'deleted' });
    expect([o.said.includes('report last usage'), o.host.open()]).toEqual([true, undefined]);
    o.pass(7_200_000);
    expect([o.host.cluster, o.alarm.next]).toEqual([undefined, undefined]);
  });
});
