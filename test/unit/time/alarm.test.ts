import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { Alarm } from '../../../src/time/alarm.ts';
import { ALARM_LOST_MS } from '../../../src/time/limits.ts';
import { WorkerdAlarm } from '../../host/alarms.ts';

const clock = { now: 1000 };
const make = () => {
  clock.now = 1000;
  const platform = new WorkerdAlarm(() => clock.now);
  return { platform, alarm: new Alarm(platform) };
};

describe('the alarm of an object', () => {
  it('[TIME4] moves to an earlier time, never to a later one', () => {
    const { platform, alarm } = make();
    for (const [at, expected] of [
      [5000, 5000],
      [9000, 5000],
      [2000.5, 2001],
      [0, 1001],
      [0, 1001],
    ]) {
      alarm.ensureBy(at, clock.now);
      expect([alarm.at, platform.stored]).toEqual([expected, expected]);
    }
    expect(platform.sets).toBe(3);
  });

  it('[TIME5] whose handler is run again for a time long ago keeps no earlier one from being set', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(9000, clock.now);
    alarm.fired(2000);
    alarm.ensureBy(5000, clock.now);
    expect([alarm.at, platform.stored]).toEqual([5000, 5000]);
  });

  it('[TIME7] that could not be set is not taken for set', () => {
    let fails = true;
    const sets: number[] = [];
    const unset: unknown[] = [];
    let lost: (error: unknown) => void = () => undefined;
    const port = {
      set: (at: number, failed: (error: unknown) => void) => {
        if (fails) throw new Error('no storage');
        sets.push(at);
        lost = failed;
      },
    };
    const alarm = new Alarm(port, (at, error) => void unset.push(at, error));
    expect(() => alarm.ensureBy(5000, 0)).toThrow('no storage');
    fails = false;
    alarm.ensureBy(5000, 0);
    lost('too late');
    expect([alarm.at, unset]).toEqual([undefined, [5000, 'too late']]);
    alarm.ensureBy(6000, 0);
    expect([alarm.at, sets]).toEqual([6000, [5000, 6000]]);
  });

  it('[TIME5] is not lost when its handler, in the very millisecond, wants to be called again', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(2000, clock.now);
    platform.commit();
    clock.now = 2000;
    expect(platform.start()).toBe(true);
    platform.run((scheduled) => {
      alarm.fired(scheduled);
      alarm.ensureBy(2000, clock.now);
    });
    expect([alarm.at, platform.stored, platform.next]).toEqual([2001, 2001, 2001]);
  });

  it('[TIME5] nor where the clock was set back before its handler ran', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(2000, clock.now);
    platform.commit();
    clock.now = 2000;
    platform.start();
    clock.now = 1999;
    platform.run((scheduled) => {
      alarm.fired(scheduled);
      alarm.ensureBy(2000, clock.now);
    });
    expect([platform.stored, platform.next]).toEqual([2001, 2001]);
  });

  it('[TIME5] set for the time that its handler runs for, the platform loses it: what the rule is for', () => {
    const { platform } = make();
    platform.set(2000);
    platform.commit();
    clock.now = 2000;
    platform.start();
    platform.run(() => platform.set(2000));
    expect([platform.stored, platform.next]).toEqual([2000, undefined]);
  });

  it('[TIME4] costs one useless wake at most when what it was for is no more', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(2000, clock.now);
    platform.commit();
    const hour = 3_600_000;
    for (clock.now = 2000; clock.now < 20_000; clock.now += 500) {
      if (!platform.start()) continue;
      platform.run((scheduled) => {
        alarm.fired(scheduled);
        alarm.ensureBy(hour, clock.now);
      });
    }
    expect([platform.runs, platform.next, platform.sets]).toEqual([1, hour, 2]);
  });

  it('[TIME6] that was lost is found by whoever comes next, and set anew', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(2000, clock.now);
    clock.now = 2000 + ALARM_LOST_MS;
    expect([alarm.isLost(clock.now), alarm.ensureBy(9000, clock.now), alarm.at]).toEqual([false, false, 2000]);
    clock.now++;
    expect([alarm.isLost(clock.now), alarm.ensureBy(9000, clock.now), alarm.at]).toEqual([true, true, 9000]);
    platform.commit();
    expect(platform.next).toBe(9000);
  });

  it('[TIME6] that was lost is given up where nothing is due', () => {
    const { platform, alarm } = make();
    alarm.ensureBy(2000, clock.now);
    clock.now = 2001 + ALARM_LOST_MS;
    expect([alarm.giveUpLost(2000), alarm.giveUpLost(clock.now), alarm.isLost(clock.now), alarm.at]).toEqual([
      false,
      true,
      false,
      undefined,
    ]);
    expect([alarm.giveUpLost(clock.now), platform.sets]).toEqual([false, 1]);
  });

  it('[TIME6] so is one that an evicted object had', () => {
    const { platform } = make();
    const alarm = new Alarm(platform);
    clock.now = 60_000;
    alarm.adopt(2000);
    expect(alarm.ensureBy(70_000, clock.now)).toBe(true);
    expect(platform.stored).toBe(70_000);
  });

  it('[TIME5] whatever comes when: with work due at any time, one that fires follows', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { platform } = make();
      let alarm = new Alarm(platform);
      const { next: chance } = seeded(seed);
      const int = (n: number) => Math.floor(chance() * n);
      const due: number[] = [];
      const turn = () => {
        for (let i = due.length - 1; i >= 0; i--) if (due[i] <= clock.now) due.splice(i, 1);
        if (due.length) alarm.ensureBy(Math.min(...due), clock.now);
      };
      const handler = (scheduled: number) => {
        alarm.fired(scheduled);
        turn();
        if (chance() < 0.3) due.push(clock.now + int(2));
        if (due.length) alarm.ensureBy(Math.min(...due), clock.now);
      };
      for (let step = 0; step < 200; step++) {
        if (chance() < 0.5) clock.now += int(4);
        if (chance() < 0.3) due.push(clock.now + int(chance() < 0.2 ? 2000 : 5));
        if (chance() < 0.1) due.splice(0);
        if (chance() < 0.6) turn();
        if (chance() < 0.6) platform.commit();
        if (chance() < 0.5) platform.start();
        if (platform.isStarted && chance() < 0.5) platform.run(handler);
        if (chance() < 0.03) {
          platform.restart();
          alarm = new Alarm(platform);
          alarm.adopt(platform.stored);
          turn();
        }
      }
      turn();
      platform.commit();
      for (let rounds = 0; due.length > 0 || platform.isStarted; rounds++) {
        const what = `seed ${seed}: ${due.length} due, stored ${platform.stored}, scheduled ${platform.next}`;
        expect(rounds, what).toBeLessThan(1000);
        expect(platform.next, what).toBeDefined();
        clock.now = Math.max(clock.now, platform.next as number);
        if (platform.start() || platform.isStarted) platform.run(handler);
      }
    }
  });
});
