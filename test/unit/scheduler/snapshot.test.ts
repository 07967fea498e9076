import { describe, expect, it } from 'vitest';
import { seeded } from '../../fixtures/prng.ts';
import { StoreView } from '../../../src/registry/store-view.ts';
import { scheduler } from '../../../src/scheduler/controller.ts';
import type { NodeInfo } from '../../../src/scheduler/node-info.ts';
import { snapshotOf } from '../../../src/scheduler/snapshot.ts';
import { askingPod, makePod } from '../../fixtures/workloads.ts';
import { kubelet, nodeBench } from '../../host/node-bench.ts';
import { reconcileCx } from '../../fixtures/reconcile-cx.ts';

const SELECTOR = [{ key: 'app', operator: '=' as const, values: ['a'] }];

/** What a node's books say, in a form that can be compared. */
const booksOf = (node: NodeInfo) => ({
  name: node.name,
  pods: [...node.pods.keys()].sort(),
  requested: Object.fromEntries([...node.requested].filter(([, n]) => n !== 0).sort()),
  nonZero: Object.fromEntries([...node.nonZero].filter(([, n]) => n !== 0).sort()),
  counted: node.count('default/app=a', 'default', SELECTOR),
  port: node.portsTaken([{ ip: '0.0.0.0', protocol: 'TCP', port: 8080 }]),
  affinity: [node.withAffinity, node.withAntiAffinity],
});

const AFFINITY = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'lonely' } } },
    ],
  },
};
const PORT = { containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80, hostPort: 8080 }] }] };

describe('[SCH2] the memo that follows the log', () => {
  it.each([1, 2, 3, 4, 5])('says the same as one made anew, history %i', (seed) => {
    const bench = nodeBench();
    const random = seeded(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)];
    let made = 0;
    const steps: (() => void)[] = [
      () =>
        bench.add(
          askingPod(`p${made++}`, { cpu: pick(['100m', '12', '1']), memory: '1Gi' }, {}, { labels: { app: pick(['a', 'b']) } }),
        ),
      () => bench.add(makePod(`p${made++}`, { priority: pick([0, 1000]), affinity: AFFINITY }, { labels: { app: 'lonely' } })),
      () => bench.add(makePod(`p${made++}`, PORT)),
      () =>
        bench.add(makePod(`p${made++}`, { restartPolicy: 'Never' }, { annotations: { 'atoll.dev/simulate': '{"exitCode":0}' } })),
      () => bench.pods().length && bench.remove('pods', pick(bench.pods()).metadata.name),
      () => {
        if (!bench.pods().length) return;
        bench.edit('pods', pick(bench.pods()).metadata.name, (pod) =>
          Object.assign(pod.metadata, { labels: { app: pick(['a', 'b']) } }),
        );
      },
      () => {
        const unschedulable = pick([true, false]);
        bench.edit('nodes', pick(['node-0', 'node-1']), (node) => Object.assign(node.spec, { unschedulable }));
      },
    ];
    for (let i = 0; i < 80; i++) {
      pick(steps)();
      if (random.next() < 0.7) bench.settle();
      if (i % 10 === 9) {
        const fresh = new StoreView(bench.registry.store, () => bench.registry.kinds);
        expect(snapshotOf(bench).nodes.map(booksOf)).toEqual(snapshotOf(fresh).nodes.map(booksOf));
      }
    }
    bench.settle();
    const idle = [scheduler, kubelet].map((controller) => {
      const keys =
        controller === scheduler
          ? [{ namespace: '', name: 'queue' }]
          : bench.pods().map((p) => ({ namespace: 'default', name: p.metadata.name }));
      return keys.flatMap(
        (key) => controller.reconcile(key, bench, reconcileCx({ now: bench.now, random, maxWrites: 500 })).actions,
      );
    });
    expect(idle).toEqual([[], []]);
    const ips = bench
      .pods()
      .filter((p) => p.status?.phase === 'Running')
      .map((p) => p.status?.podIP);
    expect(new Set(ips).size).toBe(ips.length);
  });
});
