import type { Sqlite } from '../../src/lib/sqlite-port.ts';
import { checkAlways } from './invariants.ts';
import { checkFresh } from './fresh.ts';
import { instrument, type Seam, SEAMS } from './seams.ts';
import type { World } from './world.ts';

/** What is written to count a request, and not for it: that the disk fails there is nothing that a client may notice. */
const COUNTING = /^(INSERT INTO|DELETE FROM) usage /;

type Place = 'write' | 'commit' | Seam | 'send';
/** Where a step may fail: the disk at a write or at the end of all, the core after any of its steps. */
export const PLACES: readonly Place[] = ['write', 'commit', ...SEAMS];

/** Makes steps fail when it is told to: a database at a write or at its end, when all was written, and the core at its seams. */
export class Disk {
  #at: Place = 'write';
  /** Steps at that place that still go well. */
  #left = Number.POSITIVE_INFINITY;
  #depth = 0;
  #wrote = false;
  #failed = false;
  /** Errors that nobody may notice. */
  readonly #harmless = new WeakSet<Error>();

  constructor(sql: Sqlite) {
    const { run, transaction } = sql;
    sql.run = (statement, ...params) => {
      this.#wrote = true;
      this.hit('write', COUNTING.test(statement));
      run(statement, ...params);
    };
    sql.transaction = (body) => transaction(() => this.#within(body) as never);
  }

  #within<T>(body: () => T): T {
    if (this.#depth++ === 0) this.#wrote = false;
    try {
      const result = body();
      if (this.#depth === 1 && this.#wrote) this.hit('commit');
      return result;
    } finally {
      this.#depth--;
    }
  }

  /** A step is done; perhaps it is the one that fails. */
  hit(at: Place, isHarmless = false): void {
    if (at !== this.#at || --this.#left >= 0) return;
    this.#mend();
    const error = new Error(at === 'write' || at === 'commit' ? 'disk I/O error' : `thrown after ${at}`);
    if (isHarmless) this.#harmless.add(error);
    else this.#failed = true;
    throw error;
  }

  #mend(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  /** After so many more steps of the sort, one fails. */
  failAfter(n: number, at: Place): void {
    this.#at = at;
    this.#left = n;
  }

  /** Whether it is the failure of a write that counts a request: reported, and nothing more. */
  isHarmless(error: unknown): boolean {
    return this.#harmless.has(error as Error);
  }

  /** Did it fail since the last question? It works again from here on. */
  failed(): boolean {
    const failed = this.#failed;
    this.#failed = false;
    this.#mend();
    return failed;
  }
}

/** A drain that takes so many keys goes round in circles. */
const ENDLESS_KEYS = 20_000;

/** Everything in memory is gone; sockets are cut and clients reconnect from what they have seen. */
export function crash(world: World): void {
  world.trace.push('crash');
  world.host.crash();
  world.alarms.restart();
  for (const watcher of world.watchers) if (watcher.connected) watcher.reconnect();
}

/** A stretch of work: all of it, or a part, or one that ends in the middle of a transaction. True: nothing is left to do. */
export function work(world: World): boolean {
  const { host, disk } = world;
  const whole = world.chance(0.6);
  let budget = whole ? ENDLESS_KEYS : world.int(20);
  instrument(host.cluster, (seam) => disk.hit(seam));
  if (world.chance(0.12)) disk.failAfter(world.int(40), world.pick(PLACES));
  let quiet = false;
  try {
    quiet = host.cluster.drain(host.now, () => --budget > 0);
    disk.failed();
    if (whole && budget <= 0) throw new Error(`${ENDLESS_KEYS} keys were not enough to come to an end`);
  } catch (error) {
    if (!disk.failed()) throw error;
    world.trace.push((error as Error).message);
    checkFresh(world, (error as Error).message);
    if (world.chance(0.5)) crash(world);
    return false;
  }
  // The crash in the middle of a drain, or between a commit and its flush.
  if (world.chance(quiet ? 0.04 : 0.3)) {
    crash(world);
    return false;
  }
  return quiet;
}

/** Sends watchers what is new; a send may throw when its message is on its way. */
export function flush(world: World): void {
  const { host, disk } = world;
  if (world.chance(0.05)) disk.failAfter(world.int(10), 'send');
  try {
    host.cluster.flush(host.now);
    disk.failed();
  } catch (error) {
    if (!disk.failed()) throw error;
    world.trace.push((error as Error).message);
  }
}

/** Alarms that come too early, too often or too late; a clock that jumps, or steps back a little. */
export function time(world: World): void {
  const { host } = world;
  if (world.chance(0.1)) host.cluster.removeExpired(host.now);
  if (world.chance(0.05)) for (let i = 0; i < 3; i++) host.cluster.removeExpired(host.now);
  if (world.chance(0.3)) host.now += world.int(world.chance(0.1) ? 7_200_000 : 30_000);
  if (world.chance(0.04)) host.now -= world.int(2_000);
  if (world.alarms.stir(() => work(world))) checkAlways(world);
}

/** Clients come, lose their connection for a while, and find that history was compacted. */
export function clients(world: World): void {
  if (world.chance(0.1)) world.pick(world.watchers).reconnect();
  if (world.chance(0.1)) world.pick(world.watchers).disconnect();
  if (world.chance(0.15)) for (const watcher of world.watchers) if (!watcher.connected) watcher.reconnect();
  if (world.chance(0.12)) compact(world);
}

/** As a cluster does it when its bound is reached, only sooner: never past what the reconciler still needs. */
function compact(world: World): void {
  const { registry, reconciler } = world.host.cluster;
  // Often just before or after what some client knows.
  const known = world.pick(world.watchers).revision + world.int(3) - 1;
  const wanted = world.chance(0.5) ? known : registry.store.revision() - world.int(40);
  const to = Math.min(reconciler.cursor, wanted, registry.store.revision());
  if (to <= registry.store.compacted()) return;
  world.trace.push('compact');
  registry.store.compact(to);
}
