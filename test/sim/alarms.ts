import { Alarm } from '../../src/time/alarm.ts';
import { ALARM_LOST_MS } from '../../src/time/limits.ts';
import { DRAIN_RESCUE_MS } from '../../src/cluster/limits.ts';
import { WorkerdAlarm } from '../host/alarms.ts';
import { must } from './must.ts';
import type { World } from './world.ts';

/** The alarm of a world's cluster, set by the shell's rules on a platform with workerd's races. */
export class Alarms {
  readonly #world: World;
  readonly platform: WorkerdAlarm;
  #alarm: Alarm;

  constructor(world: World) {
    this.#world = world;
    this.platform = new WorkerdAlarm(
      () => world.host.now,
      () => world.int(1000) / 1000,
    );
    this.#alarm = new Alarm(this.platform);
  }

  /** The end of a turn: what has still to be done has an alarm that comes in time. */
  endTurn(quiet: boolean): void {
    const { now, cluster } = this.#world.host;
    // What is left may have to go on at once.
    const at = quiet ? cluster.nextAlarm() : now + (this.#world.chance(0.3) ? 0 : DRAIN_RESCUE_MS);
    if (at === undefined) this.#alarm.none(now);
    else this.#alarm.by(at, now);
  }

  /** What a new process finds. */
  restart(): void {
    this.platform.restart();
    this.#alarm = new Alarm(this.platform);
    this.#alarm.adopt(this.platform.stored);
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
  fire(work: () => boolean): void {
    const { host } = this.#world;
    this.platform.run((scheduled) => {
      this.#alarm.fired(scheduled);
      host.cluster.removeExpired(host.now);
      this.endTurn(work());
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
      host.cluster.removeExpired(host.now);
      this.endTurn(work());
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
    this.fire(work);
    return true;
  }
}
