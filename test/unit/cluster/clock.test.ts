import { describe, expect, test } from 'vitest';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const PODS = '/api/v1/namespaces/default/pods';

const virtual = (seed = 1) => makeCluster({ seed, clock: 'virtual' });
const clockOf = ({ cluster, now }: TestCluster) => cluster.clock.state(now);

/** Tells the clock something, then has the cluster follow it to the end. */
function tell(host: TestCluster, command: Parameters<TestCluster['cluster']['clock']['command']>[0]): void {
  expect(host.cluster.clock.command(command, host.now)).toBeUndefined();
  host.settle();
}

/** A pod whose containers take so long to become ready. */
const slow = (name: string, readySeconds: number) => ({
  metadata: { name, annotations: { 'atoll.dev/simulate': JSON.stringify({ readySeconds }) } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});

const condition = (host: TestCluster, name: string, type: string) =>
  host.request('GET', `${PODS}/${name}`).body.status.conditions?.find((c: { type: string }) => c.type === type);

describe('a virtual clock', () => {
  test('stands until it is told to advance: what is due later does not happen, and no alarm is wanted', () => {
    const host = virtual();
    host.do('POST', PODS, slow('a', 30));
    host.advance(HOUR);
    expect(condition(host, 'a', 'Ready').status).toBe('False');
    host.settle();
    expect(host.cluster.nextAlarm()).toBeUndefined();
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now: START });
  });

  test('[TIME7] an advance lives through its span in order, each step at its own time', () => {
    const host = virtual();
    const watch = host.watch(`${PODS}?watch=1`);
    host.do('POST', PODS, slow('late', 1800));
    host.do('POST', PODS, slow('soon', 60));
    tell(host, { advanceMs: HOUR });
    expect(condition(host, 'soon', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:01:00Z' });
    expect(condition(host, 'late', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:30:00Z' });
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now: START + HOUR });
    const ready = watch.events.filter(({ object }) =>
      object.status.conditions?.some((c: any) => c.type === 'Ready' && c.status === 'True'),
    );
    expect(ready.map(({ object }) => object.metadata.name)).toEqual(['soon', 'late']);
    host.do('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'after' } });
    const { body } = host.request('GET', '/api/v1/namespaces/default/configmaps/after');
    expect(body.metadata.creationTimestamp).toBe('2026-01-01T01:00:00Z');
  });

  test('[TIME7] a span is lived through in slices, and an advance can be stopped in between', () => {
    const host = virtual();
    for (let i = 1; i <= 20; i++) host.do('POST', PODS, slow(`p${i}`, 60 * i));
    host.cluster.clock.command({ advanceMs: HOUR }, host.now);
    expect(host.cluster.drain(host.now, () => false)).toBe(false);
    const { state, now, from, until } = clockOf(host);
    expect({ state, from, until }).toEqual({ state: 'advancing', from: START, until: START + HOUR });
    expect(now).toBeLessThan(START + HOUR);
    expect(host.cluster.nextAlarm()).toBe(0);
    tell(host, { stop: true });
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now });
    expect(condition(host, 'p20', 'Ready').status).toBe('False');
  });

  test('[TIME9] a crash in the middle of an advance loses nothing and turns no clock back', () => {
    const host = virtual();
    for (let i = 1; i <= 20; i++) host.do('POST', PODS, slow(`p${i}`, 60 * i));
    host.cluster.clock.command({ advanceMs: HOUR }, host.now);
    let before = START;
    let quiet = false;
    for (let steps = 0; !quiet && steps < 10_000; steps++) {
      let left = 200;
      quiet = host.cluster.drain(host.now, () => --left > 0);
      host.crash();
      const { now } = clockOf(host);
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now: START + HOUR });
    expect(condition(host, 'p20', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:20:00Z' });
  });

  test('[TIME8] a running clock goes so many times as fast as the wall clock, in the same order', () => {
    const host = virtual();
    host.do('POST', PODS, slow('a', 600));
    tell(host, { speed: 60 });
    expect(host.cluster.nextAlarm()).toBe(host.now + 10_000);
    host.advance(20_000);
    expect(condition(host, 'a', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:10:00Z' });
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'running', now: START + 20 * 60_000, speed: 60 });
    tell(host, { stop: true });
    host.advance(HOUR);
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now: START + 20 * 60_000 });
  });

  test('[TIME8] [TIME9] a running clock runs on after a crash, never back', () => {
    const host = virtual();
    host.do('POST', PODS, slow('a', 600));
    tell(host, { speed: 60 });
    host.advance(5000);
    const before = clockOf(host).now;
    host.crash();
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'running', now: before, speed: 60 });
    host.advance(15_000);
    expect(condition(host, 'a', 'Ready')).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:10:00Z' });
    host.crash();
    tell(host, { stop: true });
    expect(clockOf(host)).toEqual({ mode: 'virtual', state: 'standing', now: START + 20 * 60_000 });
  });

  test('[TIME8] an alarm that comes late lives through what it missed in order', () => {
    const host = virtual();
    host.do('POST', PODS, slow('a', 60));
    tell(host, { speed: 3600 });
    host.now += 10_000;
    host.settle();
    expect(condition(host, 'a', 'Ready').lastTransitionTime).toBe('2026-01-01T00:01:00Z');
    expect(clockOf(host).now).toBe(START + 10 * HOUR);
  });

  test('an Event lives for an hour of the cluster', () => {
    const host = virtual();
    host.do('POST', '/api/v1/namespaces/default/events', {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'x' },
      reason: 'Made',
      message: 'made',
      type: 'Normal',
    });
    tell(host, { advanceMs: HOUR / 2 });
    expect(host.request('GET', '/api/v1/namespaces/default/events/e').status).toBe(200);
    tell(host, { advanceMs: 2 * HOUR });
    expect(host.request('GET', '/api/v1/namespaces/default/events/e').status).toBe(404);
  });

  test('credentials go by the wall clock, service account tokens by the cluster', () => {
    const host = virtual();
    const token = host.cluster.issue({ id: 'short', username: 'anna', role: 'admin', expires: host.now + 60_000 }, host.now);
    const made = host.do('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      spec: { expirationSeconds: 600 },
    });
    const as = (bearer: string) => host.request('GET', '/version/x', undefined, { authorization: `Bearer ${bearer}` }).status;
    expect(made.body.status.expirationTimestamp).toBe('2026-01-01T00:10:00Z');
    tell(host, { advanceMs: 300_000 });
    expect([as(token), as(made.body.status.token)]).not.toContain(401);
    tell(host, { advanceMs: 3_600_000 });
    expect([as(token) === 401, as(made.body.status.token)]).toEqual([false, 401]);
    host.now += 61_000;
    expect(as(token)).toBe(401);
  });

  test('what it cannot do is refused in a sentence', () => {
    const host = virtual();
    const refused = (command: Parameters<typeof host.cluster.clock.command>[0]) => host.cluster.clock.command(command, host.now);
    expect(refused({ speed: 10 })).toBeUndefined();
    expect(refused({ advanceMs: HOUR })).toBe('the clock is moving: stop it first');
    expect(makeCluster().cluster.clock.command({ speed: 2 }, START)).toMatch(/only a virtual clock/);
  });
});
