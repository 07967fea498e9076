import { seeded } from '../../src/lib/prng.ts';
import type { Obj } from '../../src/lib/json.ts';
import { makeCluster, type Host } from '../host/make-cluster.ts';
import { OPERATIONS } from './operations.ts';
import { checkAlways, checkQuiet } from './invariants.ts';
import { Watcher } from './watcher.ts';

/** What the clients of a world were told: the truth that the cluster must not lose. */
export interface Model {
  /** namespace/name -> data of every ConfigMap whose write was acknowledged and whose deletion was not. */
  configMaps: Map<string, Obj>;
  /** Names of namespaces that exist and are not being deleted. */
  namespaces: Set<string>;
  lastRevision: number;
}

/** One seeded world: a cluster, clients that do random things to it, and faults. Everything follows from the seed. */
export class World {
  readonly host: Host;
  readonly model: Model = { configMaps: new Map(), namespaces: new Set(['default']), lastRevision: 0 };
  readonly watchers: Watcher[] = [];
  readonly trace: string[] = [];
  readonly #chance: () => number;
  #counter = 0;

  constructor(seed: number) {
    this.host = makeCluster({ seed: seed });
    this.#chance = seeded(seed ^ 0x5eed).next;
    for (const path of ['/api/v1/pods', '/apis/apps/v1/deployments', '/api/v1/namespaces/default/configmaps', '/api/v1/events']) {
      this.watchers.push(new Watcher(this.host, path));
    }
  }

  int(n: number): number {
    return Math.floor(this.#chance() * n);
  }

  chance(p: number): boolean {
    return this.#chance() < p;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  fresh(prefix: string): string {
    return `${prefix}-${this.#counter++}`;
  }

  /** One operation of a client, then a stretch of work that a fault may cut short. */
  step(): void {
    const operation = this.pick(OPERATIONS);
    this.trace.push(operation.name);
    operation(this);
    this.#work();
    checkAlways(this);
  }

  #work(): void {
    const { host } = this;
    let budget = this.chance(0.7) ? Number.POSITIVE_INFINITY : this.int(20);
    host.cluster.drain(host.now, () => --budget > 0);
    if (this.chance(0.8)) host.cluster.flush(host.now);
    if (this.chance(0.1)) this.crash();
    if (this.chance(0.1)) host.cluster.wake(host.now); // an alarm too many, or early
    if (this.chance(0.3)) host.now += this.int(this.chance(0.1) ? 7_200_000 : 30_000); // late alarms, jumps of the clock
    if (this.chance(0.1)) this.pick(this.watchers).reconnect();
  }

  /** Everything in memory is gone; sockets are cut and clients reconnect from what they have seen. */
  crash(): void {
    this.trace.push('crash');
    this.host.crash();
    for (const watcher of this.watchers) watcher.reconnect();
  }

  /** Lets everything come to rest, then checks what must hold at rest. */
  finish(): void {
    let rounds = 0;
    while (rounds++ < 200) {
      this.host.settle();
      const next = this.host.cluster.nextAlarm();
      if (next === undefined || next > this.host.now + 3_600_000) break;
      this.host.now = Math.max(this.host.now, next);
      this.host.cluster.wake(this.host.now);
    }
    this.host.settle();
    if (rounds >= 200)
      throw new Error(
        `the world does not come to rest: at ${this.host.now} the timers are ${JSON.stringify(this.host.cluster.timers.all()).slice(0, 600)}`,
      );
    checkAlways(this);
    checkQuiet(this);
  }
}

/** Runs one world; an error names the seed and the way to replay it. */
export function runWorld(seed: number, steps = 60): void {
  const world = new World(seed);
  try {
    for (let i = 0; i < steps; i++) world.step();
    world.finish();
  } catch (error) {
    const last = world.trace.slice(-8).join(', ');
    throw new Error(`seed ${seed} fails: ${(error as Error).message}\n  replay: npm run sim -- --seed ${seed}\n  last: ${last}`, {
      cause: error,
    });
  }
}
