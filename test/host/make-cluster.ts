import { settle } from './settle.ts';
import { atOnce } from '../fixtures/api.ts';
import { seeded } from '../fixtures/prng.ts';
import { isStream } from '../../src/apiserver/messages.ts';
import type { WatchSpec } from '../../src/apiserver/streams/spec.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { BootSnapshots } from '../../src/cluster/boot-snapshot.ts';
import type { ClusterOptions } from '../../src/tenancy/cluster.ts';
import type { RuntimesFor } from '../../src/kubelet/runtime.ts';
import type { Obj } from '../../src/lib/json.ts';
import type { Message, StreamPort, StreamSpec } from '../../src/lib/stream.ts';
import { textOf } from '../fixtures/api.ts';
import { nodeCrypto } from './crypto.ts';
import { openSqlite } from './sqlite.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Obj;
  text: string;
}

/** A whole cluster in plain Node over node:sqlite, with a manual clock and seeded chance. */
export class TestCluster {
  now: number;
  cluster: Cluster;
  readonly token: string;
  readonly sql = openSqlite();
  /** What the cluster reported. */
  readonly failures: { part: string; error: unknown }[] = [];
  readonly #random: ReturnType<typeof seeded>;

  readonly #bootSnapshots: BootSnapshots | undefined;
  readonly #runtimesFor: RuntimesFor | undefined;

  constructor(
    seed: number,
    now: number,
    options: Partial<ClusterOptions>,
    { bootSnapshots, runtimesFor }: { bootSnapshots?: BootSnapshots | undefined; runtimesFor?: RuntimesFor | undefined } = {},
  ) {
    this.now = now;
    this.#bootSnapshots = bootSnapshots;
    this.#runtimesFor = runtimesFor;
    this.#random = seeded(seed);
    this.cluster = Cluster.create(this.#platform(), { id: `seed-${seed}`, name: 'test', caPem: 'CA', ...options }, now);
    this.token = this.cluster.issue({ id: 'admin', username: 'kubernetes-admin', role: 'admin' }, now);
    this.settle();
  }

  #platform() {
    const bootSnapshots = this.#bootSnapshots;
    const runtimesFor = this.#runtimesFor;
    const crypto = nodeCrypto(this.#random);
    return {
      sql: this.sql,
      random: this.#random,
      crypto,
      failed: (_: string | undefined, part: string, error: unknown) => void this.failures.push({ part, error }),
      ...(bootSnapshots && { bootSnapshots }),
      ...(runtimesFor && { runtimesFor }),
    };
  }

  /** One request as the administrator (or with other headers), without draining. */
  request(method: string, url: string, body?: Obj | string, headers: Record<string, string> = {}): Answer {
    const all: Record<string, string> = {
      authorization: `Bearer ${this.token}`,
      accept: 'application/json',
      'content-type': 'application/json',
      ...headers,
    };
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = atOnce(
      this.cluster.handle({
        method,
        url,
        header: (name) => all[name.toLowerCase()] ?? null,
        headerNames: () => Object.keys(all),
        body: text,
        now: this.now,
      }),
    );
    if (isStream(answer)) throw new Error('a watch: use watch()');
    return { status: answer.status, headers: answer.headers, text: textOf(answer), body: parse(textOf(answer)) };
  }

  /** A request, then everything that follows from it. */
  do(method: string, url: string, body?: Obj | string, headers?: Record<string, string>): Answer {
    const answer = this.request(method, url, body, headers);
    this.settle();
    return answer;
  }

  /** Opens a watch and collects its events; close() ends it. */
  watch(
    url: string,
    headers: Record<string, string> = {},
  ): { events: Obj[]; spec: () => WatchSpec; closed: () => boolean; close(): void } {
    const events: Obj[] = [];
    let saved: WatchSpec | undefined;
    let closed = false;
    const port = {
      send: (text: Message) =>
        void events.push(
          ...String(text)
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ),
      save: (spec: StreamSpec) => {
        saved = spec as WatchSpec;
      },
      close: () => {
        closed = true;
      },
    };
    const close = this.watchTo(url, port, headers);
    return { events, spec: () => saved as WatchSpec, closed: () => closed, close };
  }

  /** Opens a watch that sends to a port of one's own; the answer ends it. */
  watchTo(url: string, port: StreamPort, headers: Record<string, string> = {}): () => void {
    const all: Record<string, string> = { authorization: `Bearer ${this.token}`, accept: 'application/json', ...headers };
    const answer = atOnce(
      this.cluster.handle({
        method: 'GET',
        url,
        header: (name) => all[name.toLowerCase()] ?? null,
        body: '',
        now: this.now,
      }),
    );
    if (!isStream(answer)) throw new Error(`no watch: ${answer.status} ${answer.body}`);
    const { cluster } = this;
    const session = answer.open(port);
    return () => cluster.closed(session, this.now);
  }

  settle(): void {
    settle(this.cluster, this.now);
  }

  /** Moves the clock, firing the alarm whenever it is due on the way. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.cluster.nextAlarm();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      this.cluster.removeExpired(this.now);
      this.settle();
    }
    this.now = end;
  }

  /** What a crash or an eviction leaves: the database alone. Open watches are lost, as their sockets would be. */
  crash(): void {
    const again = Cluster.open(this.#platform());
    if (!again) throw new Error('the cluster is gone');
    this.cluster = again;
  }
}

function parse(text: string): Obj {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

/** `makeCluster({ seed: 1 })`: booted, settled, deterministic. */
export function makeCluster(
  options: {
    seed?: number;
    now?: number;
    bootSnapshots?: BootSnapshots;
    /** What executes pods, made anew over the database at every opening. */
    runtimesFor?: RuntimesFor;
  } & Partial<ClusterOptions> = {},
): TestCluster {
  const { seed = 1, now = Date.UTC(2026, 0, 1), bootSnapshots, runtimesFor, ...rest } = options;
  return new TestCluster(seed, now, rest, { bootSnapshots, runtimesFor });
}
