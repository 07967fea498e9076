import { Turns } from '../../src/cluster/turn.ts';
import { ALARM_LOST_MS } from '../../src/time/limits.ts';
import { DRAIN_RESCUE_MS } from '../../src/cluster/limits.ts';
import { WorkerdAlarm } from '../host/alarms.ts';
import { PLACES } from './faults.ts';
import { checkFresh } from './fresh.ts';
import { must } from './must.ts';
import type { World } from './world.ts';

/** The alarm of a world's cluster, set by the shell's rules on a platform with workerd's races. */
export class Alarms {
  readonly #world: World;
  readonly platform: WorkerdAlarm;
  #turns: Turns;
  /** What turns reported since the last question. */
  #failures: unknown[] = [];

  constructor(world: World) {
    this.#world = world;
    this.platform = new WorkerdAlarm(
      () => world.host.now,
      () => world.int(1000) / 1000,
    );
    this.#turns = this.#made();
  }

  /** The turns of one process. What a process does later by itself never comes: the alarm must do it. */
  #made(): Turns {
    const { host } = this.#world;
    const nothing = () => undefined;
    const failed = (_: string | undefined, __: string, error: unknown) => void this.#failures.push(error);
    return new Turns(
      {
        alarm: this.platform,
        now: () => host.now,
        after: nothing,
        budget: () => () => false,
        slice: (_, workMs) => ({ workMs, pauses: false }),
        pauseAfter: () => 0,
        ask: nothing,
        send: nothing,
        reportUsage: nothing,
        report: { turn: nothing, failed, alarmLost: nothing },
      },
      () => host.cluster,
    );
  }

  /** A turn, any step of which may throw: what has still to be done, or failed, has an alarm that comes in time. */
  endTurn(mayFail = true): void {
    const world = this.#world;
    const { host, disk } = world;
    if (mayFail && world.chance(0.15)) disk.failAfter(world.int(6), world.pick([...PLACES, 'send'] as const));
    this.#turns.markDirty();
    this.#turns.take(host.cluster, host.now, 0);
    const hasFailed = disk.failed();
    const ofTurn = this.#failures.splice(0);
    const reported = [...ofTurn, ...host.failures.splice(0).map(({ error }) => error)];
    const failure = reported.find((error) => !disk.isHarmless(error));
    if (hasFailed) checkFresh(world, 'a turn');
    else if (failure !== undefined) throw failure;
    // A stream that failed is over: nothing is left to do for it.
    const at = ofTurn.length ? host.now + DRAIN_RESCUE_MS : host.cluster.nextAlarm();
    const { stored } = this.platform;
    // [TIME5] Later by one where the handler for that very time has run.
    must(
      at === undefined || (stored !== undefined && stored <= Math.max(Math.ceil(at), host.now + DRAIN_RESCUE_MS) + 1),
      () => `an alarm is wanted at ${at}, and stands at ${stored}, now is ${host.now}`,
    );
  }

  /** What a new process finds. */
  restart(): void {
    this.platform.restart();
    this.#turns = this.#made();
    this.#turns.adopt(this.platform.stored);
  }

  /** Moments of the platform, in any order with everything else: a commit, an alarm that is started, its handler's turn (true). */
  stir(work: () => boolean): boolean {
    if (this.#world.chance(0.7)) this.platform.commit();
    this.#check();
    if (this.#world.chance(0.6)) this.platform.start();
    const fires = this.platform.isStarted && this.#world.chance(0.6);
    if (fires) this.fire(work);
    return fires;
  }

  /** The handler of an alarm that was started. */
  fire(work: () => boolean, mayFail = true): void {
    this.platform.run((scheduled) => {
      this.#turns.fired(scheduled);
      work();
      this.endTurn(mayFail);
    });
    this.#check();
  }

  /** [TIME5] What stands is scheduled, but for an alarm that was taken for lost in the moment in which it fired after all. */
  #check(): void {
    const { isLost, raced } = this.platform;
    must(!isLost || raced, () => `the alarm at ${this.platform.stored} is lost, now is ${this.#world.host.now}`);
  }

  /** Lets time pass up to the next alarm, and that fire; false: none comes within the time. */
  next(withinMs: number, work: () => boolean): boolean {
    const { host } = this.#world;
    this.platform.commit();
    this.#check();
    const { next, isLost, stored = 0 } = this.platform;
    if (isLost) {
      // [TIME6] Whoever looks for overdue alarms finds it.
      host.now = Math.max(host.now, stored + ALARM_LOST_MS + 1);
      work();
      this.endTurn(false);
      // Where nothing is wanted, nothing is set: it stands as it was, and nobody looks again.
      return host.cluster.nextAlarm() !== undefined;
    }
    const wanted = host.cluster.nextAlarm();
    must(
      wanted === undefined || next !== undefined,
      () => `the cluster wants to be woken at ${wanted}, and the platform has no alarm (stored: ${this.platform.stored})`,
    );
    if (next === undefined || next > host.now + withinMs) return false;
    host.now = Math.max(host.now, next);
    this.platform.start();
    this.fire(work, false);
    return true;
  }
}
