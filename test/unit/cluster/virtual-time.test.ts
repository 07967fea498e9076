import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SEEDS = 6;

/** A template of pods that behave so. */
const template = (simulate: object, labels: object = {}) => ({
  metadata: { labels, annotations: { 'atoll.dev/simulate': JSON.stringify(simulate) } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
});

const APPS = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { 'content-type': 'application/merge-patch+json' };

/** What a client does at some moment: the same at both clusters. */
function act(host: TestCluster, int: (n: number) => number, i: number): void {
  const name = `o${i}`;
  const delays = { readySeconds: int(300), pullSeconds: int(60), terminationSeconds: int(40), jitterSeconds: int(5) };
  const ending = template({ exitCode: int(2), exitSeconds: int(90) });
  const labels = { app: name };
  const acts = [
    () => {
      const spec = {
        replicas: 1 + int(4),
        minReadySeconds: int(30),
        selector: { matchLabels: labels },
        template: template(delays, labels),
      };
      host.do('POST', APPS, { metadata: { name }, spec });
    },
    () => host.do('POST', '/api/v1/namespaces/default/pods', { ...ending, metadata: { ...ending.metadata, name } }),
    () => {
      const once = { ...ending, spec: { ...ending.spec, restartPolicy: 'Never' } };
      const spec = { completions: 1 + int(3), backoffLimit: 2, template: once };
      host.do('POST', '/apis/batch/v1/namespaces/default/jobs', { metadata: { name }, spec });
    },
    () => host.do('DELETE', `${APPS}/o${int(i + 1)}`),
    () => host.do('PATCH', `/api/v1/nodes/node-${int(3)}`, { spec: { unschedulable: int(2) === 0 } }, MERGE),
  ];
  acts[int(acts.length)]();
}

/** Everything that was ever written, and what is due. */
/** The authority of a cluster is not drawn from the seed. */
const PEM = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/g;

const recordOf = (host: TestCluster) => ({
  log: host.sql
    .all<{ json: string }>('SELECT rev, resource, namespace, name, json FROM log ORDER BY rev')
    .map((row) => ({ ...row, json: row.json.replace(PEM, '<authority>') })),
  timers: host.sql.all('SELECT * FROM timers ORDER BY controller, namespace, name'),
});

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  '[TIME11] a virtual clock and the wall clock lead to the same history, write by write: seed %i',
  (seed) => {
    const real = makeCluster({ seed });
    const virtual = makeCluster({ seed, clock: 'virtual' });
    const chance = seeded(seed ^ 0x71).next;
    for (let i = 0; i < 12; i++) {
      const choice = chance();
      const span = Math.floor(chance() * 20 * MINUTE) + 1;
      for (const host of [real, virtual]) {
        const { next } = seeded(Math.floor(choice * 1e9));
        act(host, (n) => Math.floor(next() * n), i);
      }
      real.advance(span);
      expect(virtual.cluster.clock.command({ advanceMs: span }, virtual.now)).toBeUndefined();
      virtual.settle();
    }
    real.advance(2 * HOUR);
    virtual.cluster.clock.command({ advanceMs: 2 * HOUR }, virtual.now);
    virtual.settle();
    expect(virtual.cluster.clock.now(virtual.now)).toBe(real.now);
    expect(recordOf(virtual)).toEqual(recordOf(real));
  },
);
