import { describe, expect, it } from 'vitest';
import { CONTAINERS_STOP_MS } from '../../src/kubelet/limits.ts';
import type { PodOnNode, Runtime, RuntimeAction, RuntimeTable } from '../../src/kubelet/runtime.ts';
import type { KubeObject, Obj } from '../../src/lib/json.ts';
import type { Sqlite } from '../../src/lib/sqlite-port.ts';
import { simulated } from '../../src/runtimes/simulated/runtime.ts';
import { runtimesFor } from '../../src/runtimes/table.ts';
import { type Script, ScriptedRuntime } from '../fixtures/scripted-runtime.ts';
import { type TestCluster, makeCluster } from '../host/make-cluster.ts';

const PODS = '/api/v1/namespaces/default/pods';
const STEP_MS = 500;

/** A runtime under test: how it is made over a database, how a pod asks for a behaviour, and what happens without anybody asking. */
interface Subject {
  name: string;
  table(sql: Sqlite): RuntimeTable;
  annotations(wish: Wish): Record<string, string>;
  advance?(runtime: Runtime, now: number): void;
}
/** Behaviours that every runtime can show; seconds. */
interface Wish {
  pull: number;
  ready?: number;
  runs?: number;
  exitCode?: number;
  stops?: number;
}

const SUBJECTS: Subject[] = [
  {
    name: 'simulated',
    table: (sql) => runtimesFor({ sql }),
    annotations: ({ pull, ready, runs, exitCode, stops }) => ({
      'atoll.dev/simulate': JSON.stringify({
        pullSeconds: pull,
        ...(ready === undefined ? { ready: false } : { readySeconds: ready }),
        ...(runs !== undefined && { exitSeconds: runs, exitCode }),
        ...(stops !== undefined && { terminationSeconds: stops }),
      }),
    }),
  },
  {
    name: 'scripted, which acts by itself and signals',
    table: (sql) => ({ default: new ScriptedRuntime(sql), byHandler: new Map([['simulated', simulated]]) }),
    annotations: ({ pull, ready, runs, exitCode, stops }) => {
      const ms = (seconds: number | undefined) => seconds !== undefined && seconds * 1000;
      const script: Script = { pull: pull * 1000, start: 0 };
      if (ready !== undefined) script.ready = ms(ready) as number;
      if (runs !== undefined) Object.assign(script, { runs: ms(runs), exitCode });
      if (stops !== undefined) script.stops = ms(stops) as number;
      return { 'test/script': JSON.stringify(script) };
    },
    advance: (runtime, now) => (runtime as ScriptedRuntime).advance(now),
  },
];

const WISHES: Record<string, { wish: Wish; restartPolicy: string; comesTo: string }> = {
  serves: { wish: { pull: 1, ready: 2 }, restartPolicy: 'Always', comesTo: 'Running ready 0' },
  idles: { wish: { pull: 0 }, restartPolicy: 'Always', comesTo: 'Running unready 0' },
  done: { wish: { pull: 0, runs: 3, exitCode: 0 }, restartPolicy: 'OnFailure', comesTo: 'Succeeded unready 0' },
  fails: { wish: { pull: 2, runs: 1, exitCode: 3 }, restartPolicy: 'Never', comesTo: 'Failed unready 0' },
  crashes: { wish: { pull: 0, runs: 2, exitCode: 1 }, restartPolicy: 'Always', comesTo: 'Running unready 3' },
};

/** A cluster over the runtime, with what lets time pass. */
class Bench {
  readonly host: TestCluster;
  readonly subject: Subject;
  runtime!: Runtime;

  constructor(subject: Subject) {
    this.subject = subject;
    const runtimesFor = ({ sql }: { sql: Sqlite }) => {
      const table = subject.table(sql);
      this.runtime = table.default;
      return table;
    };
    this.host = makeCluster({ nodes: 1, runtimesFor });
  }

  create(name: string, wish: Wish, spec: Obj = {}): void {
    const body = {
      metadata: { name, annotations: this.subject.annotations(wish) },
      spec: { containers: [{ name: 'c', image: 'nginx' }], terminationGracePeriodSeconds: 10, ...spec },
    };
    const answer = this.host.do('POST', PODS, body);
    expect(answer.status, answer.text).toBe(201);
  }

  all(): void {
    for (const [name, { wish, restartPolicy }] of Object.entries(WISHES)) this.create(name, wish, { restartPolicy });
  }

  /** Lets seconds pass; `between` may do harm at every step. */
  pass(seconds: number, between: (bench: Bench) => void = () => undefined): void {
    for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) {
      this.host.advance(STEP_MS);
      this.subject.advance?.(this.runtime, this.host.now);
      between(this);
      this.host.settle();
    }
  }

  pod(name: string): KubeObject | undefined {
    return this.host.cluster.registry.object('pods', 'default', name);
  }

  on(name: string): PodOnNode {
    const pod = this.pod(name) as KubeObject;
    return { pod, node: this.host.cluster.registry.object('nodes', '', pod.spec.nodeName) as KubeObject };
  }

  /** What everybody came to. */
  outcome(): Record<string, string> {
    const tell = (pod: KubeObject) => {
      const first = pod.status?.containerStatuses?.[0];
      return `${pod.status?.phase} ${first?.ready ? 'ready' : 'unready'} ${first?.restartCount}`;
    };
    return Object.fromEntries(this.host.cluster.registry.view.list('pods').map((pod) => [pod.metadata.name, tell(pod)]));
  }

  /** Everything that the database holds. */
  dump(): string {
    const tables = this.host.sql.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    return JSON.stringify(tables.map(({ name }) => this.host.sql.all(`SELECT * FROM "${name as string}"`)));
  }
}

const EXPECTED = Object.fromEntries(Object.entries(WISHES).map(([name, { comesTo }]) => [name, comesTo]));

describe.each(SUBJECTS)('the laws of runtimes: $name', (subject) => {
  it('pods get where their behaviour leads, in the time that it takes', () => {
    const bench = new Bench(subject);
    bench.all();
    bench.pass(60);
    expect(bench.outcome()).toEqual(EXPECTED);
    expect(bench.pod('fails')?.status?.containerStatuses[0].state.terminated.exitCode).toBe(3);
  });

  it('[RT1] observing changes nothing, and repeats itself', () => {
    const bench = new Bench(subject);
    bench.all();
    bench.pass(20, ({ host, runtime }) => {
      const before = bench.dump();
      for (const name of Object.keys(WISHES)) {
        expect(runtime.observe(bench.on(name), host.now)).toEqual(runtime.observe(bench.on(name), host.now));
      }
      expect(bench.dump()).toBe(before);
    });
  });

  it('[RT2] asking again for what is under way or done changes nothing', () => {
    const bench = new Bench(subject);
    bench.all();
    bench.pass(6);
    for (const name of Object.keys(WISHES)) {
      const actions: RuntimeAction[] = [
        { do: 'pull', container: 'c', attempt: 0 },
        { do: 'start', container: 'c', attempt: 0 },
      ];
      const { now } = bench.host;
      const first = bench.runtime.apply(bench.on(name), actions, now);
      const before = bench.dump();
      expect(bench.runtime.apply(bench.on(name), actions, now)).toEqual(first);
      expect(bench.dump()).toBe(before);
    }
    bench.pass(54);
    expect(bench.outcome()).toEqual(EXPECTED);
  });

  it('[RT3] a restart of the cluster at any step changes nothing', () => {
    const bench = new Bench(subject);
    bench.all();
    bench.pass(60, ({ host }) => host.crash());
    expect(bench.outcome()).toEqual(EXPECTED);
  });

  it('[RT4] what is asked to stop has stopped at the end of its grace period', () => {
    const bench = new Bench(subject);
    bench.create('deaf', { pull: 0, ready: 0, stops: 500 });
    bench.create('quick', { pull: 0, ready: 0, stops: 2 });
    bench.pass(3);
    for (const name of ['deaf', 'quick']) bench.host.do('DELETE', `${PODS}/${name}`);
    bench.pass(1);
    expect(Object.keys(bench.outcome())).toEqual(['deaf', 'quick']);
    bench.pass(2);
    expect(Object.keys(bench.outcome())).toEqual(['deaf']);
    bench.pass(7 + Math.ceil(CONTAINERS_STOP_MS / 1000));
    expect(bench.outcome()).toEqual({});
  });

  it('[RT5] [KUB12] signals that come late, twice, or are lost in a crash change nothing', () => {
    const bench = new Bench(subject);
    bench.all();
    let step = 0;
    bench.pass(60, ({ host, runtime }) => {
      step++;
      // The turn that the signal was for never comes: the object dies before it.
      if (step % 3 === 0) host.crash();
      if (step % 4 === 0) for (let i = 0; i < 2; i++) (runtime as Partial<ScriptedRuntime>).repeat?.();
    });
    expect(bench.outcome()).toEqual(EXPECTED);
  });

  it('[RT6] what was asked for in a transaction that is rolled back never was', () => {
    const bench = new Bench(subject);
    bench.create('idles', { pull: 5 });
    const { now, sql } = { now: bench.host.now, sql: bench.host.sql };
    const before = bench.runtime.observe(bench.on('idles'), now);
    expect(() =>
      sql.transaction(() => {
        bench.runtime.apply(bench.on('idles'), [{ do: 'start', container: 'c', attempt: 0 }], now);
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    expect(bench.runtime.observe(bench.on('idles'), now)).toEqual(before);
  });

  it('[RT7] [KUB11] what ran of a pod that is gone by force is removed, also when another has its name', () => {
    const bench = new Bench(subject);
    bench.create('serves', { pull: 0, ready: 0 });
    bench.pass(3);
    const old = bench.on('serves');
    bench.host.do('DELETE', `${PODS}/serves?gracePeriodSeconds=0`);
    bench.create('serves', { pull: 9, ready: 0 });
    bench.pass(2);
    expect(bench.on('serves').pod.metadata.uid).not.toBe(old.pod.metadata.uid);
    expect(bench.outcome()).toEqual({ serves: 'Pending unready 0' });
    bench.host.do('DELETE', `${PODS}/serves?gracePeriodSeconds=0`);
    bench.pass(1);
    expect(subject.name === 'simulated' ? {} : (bench.runtime as ScriptedRuntime).starts()).toEqual({});
  });
});

it('[RT3] a runtime is made over the database of its cluster, each time that one opens', () => {
  const asked: Sqlite[] = [];
  const runtimesFor = ({ sql }: { sql: Sqlite }): RuntimeTable => {
    asked.push(sql);
    return { default: new ScriptedRuntime(sql), byHandler: new Map() };
  };
  const [one, other] = [makeCluster({ seed: 1, runtimesFor }), makeCluster({ seed: 2, runtimesFor })];
  one.crash();
  expect(asked).toEqual([one.sql, other.sql, one.sql]);
  expect(one.cluster.runtimes[0]).not.toBe(other.cluster.runtimes[0]);
});
