import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { alarms } from './alarms.ts';
import { replicas, type Throughput, throughputs, watchers } from './api.ts';
import { quantile, targetOf } from './client.ts';
import { many } from './many.ts';
import { neighbour } from './neighbour.ts';
import { Ours } from './ours.ts';
import { revocation, worst } from './revocation.ts';

/**
 * npm run bench [-- --reference KUBECONFIG] [--only throughput,replicas,...] [--only many [--clusters 10000]] [--only alarms]
 * Prints our figures, and beside them those of another Kubernetes API (ATOLL_REFERENCE names its kubeconfig too) from the same run.
 */
const { values } = parseArgs({
  options: { reference: { type: 'string' }, only: { type: 'string' }, clusters: { type: 'string', default: '10000' } },
});
const file = values.reference ?? process.env.ATOLL_REFERENCE;
const reference = file && existsSync(file) ? targetOf(readFileSync(file, 'utf8')) : undefined;
const only = values.only?.split(',');
const wanted = (name: string) => !only || only.includes(name);
const label = `bench-${Date.now().toString(36)}`;

/** Cloudflare's list prices in dollars: rows per million, requests per million, GB-seconds per million at 128 MB. */
const PRICE = { read: 0.001, written: 1, request: 0.15, gbSecond: 12.5, gb: 0.128 };

function row(what: string, ours: string, theirs = '', goal = ''): void {
  console.log([what.padEnd(46), ours.padStart(14), theirs.padStart(14), goal].join('  ').trimEnd());
}

const n0 = (value: number) => value.toFixed(0);
const n1 = (value: number) => value.toFixed(1);
const n2 = (value: number) => value.toFixed(2);

function compare(what: string, ours: number, theirs: number | undefined, factor: number): void {
  const goal = theirs === undefined ? `goal ${factor}x the reference` : `${n2(ours / theirs)}x, goal ${factor}x`;
  row(what, n0(ours), theirs === undefined ? '' : n0(theirs), goal);
}

console.log([''.padEnd(46), 'atoll'.padStart(14), (reference ? 'reference' : '').padStart(14)].join('  ').trimEnd());
const ours = await Ours.start();
try {
  row('server start, first (s)', n2(ours.firstStart), '', 'once: bundles, makes keys, the cluster demo');
  if (wanted('start')) row('server start (s)', n2(await ours.restart()), '', 'goal 1');
  if (wanted('memory')) row('memory idle, one cluster (MB)', n0(ours.memory()));
  if (wanted('create')) {
    const { p50, p99 } = await ours.creation();
    row('cluster create to first answer, p50 (ms)', n1(p50), '', 'goal 25');
    row('cluster create to first answer, p99 (ms)', n1(p99), '', 'goal 100');
    row('memory with 100 clusters (MB)', n0(ours.memory()));
    row('disk per cluster (KB)', n0(ours.disk()));
  }
  // Minutes, and gigabytes of disk: only when asked for.
  if (only?.includes('many')) {
    const found = await many(ours.server, Number(values.clusters));
    const { few, all } = found;
    row(`${all.clusters} clusters made (s)`, n0(found.seconds), '', `goal ${n0(all.clusters / 50)}`);
    row('one of them, p50 / p99 (ms)', `${n1(found.p50)} / ${n1(found.p99)}`);
    for (const { clusters, node, workerd } of [few, all]) {
      row(`memory with ${clusters} idle clusters (MB)`, n0(node + workerd), '', `${n0(node)} of Node, ${n0(workerd)} of workerd`);
    }
    row('disk per cluster (KB)', n0(all.disk), '', 'goal 400');
    row('server start with all of them (s)', n2(found.restart), '', `${n0(found.restarted)} MB then`);
  }
  if (wanted('throughput')) {
    const mine = await throughputs(ours.demo(), label);
    const theirs: Partial<Throughput> = reference ? await throughputs(reference, label) : {};
    compare('GET per second', mine.get, theirs.get, 1.2);
    compare('LIST of 500 per second', mine.list, theirs.list, 2);
    compare('CREATE per second', mine.create, theirs.create, 1);
    compare('merge PATCH per second', mine.merge, theirs.merge, 1);
    compare('server-side apply per second', mine.apply, theirs.apply, 1);
  }
  if (wanted('replicas')) {
    const mine = await replicas(ours.demo(), label);
    const theirs = reference && (await replicas(reference, label));
    row('1,000 replicas to Ready (s)', n2(mine.ready), theirs ? n2(theirs.ready) : '', 'goal 1');
    row('1,000 replicas deleted to gone (s)', n2(mine.gone), theirs ? n2(theirs.gone) : '');
  }
  if (wanted('watch')) {
    const mine = await watchers(ours.demo(), label);
    const theirs = reference && (await watchers(reference, label));
    row('1,000 watches opened (ms)', n0(mine.opened), theirs ? n0(theirs.opened) : '');
    const times = (of: number[]) => `${n1(quantile(of, 0.5))} / ${n1(quantile(of, 0.99))}`;
    const both = (what: string, of: (run: typeof mine) => number[], goal = '') =>
      row(`${what}, p50 / p99 (ms)`, times(of(mine)), theirs ? times(of(theirs)) : '', goal);
    both('an event at 1,000 watchers', (run) => run.all);
    both('an event at the last of them', (run) => run.last, 'goal p99 100');
    both('the answer to its writer', (run) => run.answers);
  }
  if (wanted('neighbour')) {
    const [quiet, noisy] = [await ours.make('quiet'), await ours.make('noisy')];
    const found = await neighbour(targetOf(quiet.kubeconfig), targetOf(noisy.kubeconfig));
    row('a quiet tenant alone, p50 / p99 (ms)', `${n1(found.alone.p50)} / ${n1(found.alone.p99)}`);
    row('beside a noisy one, p50 / p99 (ms)', `${n1(found.beside.p50)} / ${n1(found.beside.p99)}`);
    row('p99 beside to alone, median of rounds', `${n2(found.ratio)}x`, '', 'goal 1.5x');
    row('requests per second that the noisy one got', n0(found.noisyPerSecond), '', `and ${found.rollouts} rollouts`);
  }
  if (wanted('cold')) {
    const { small, large } = await ours.coldWake();
    row('cold wake, 10 objects, p50 / p99 (ms)', `${n1(small.p50)} / ${n1(small.p99)}`, '', 'goal p50 10');
    row(
      'cold wake, 10,000 objects, p50 / p99 (ms)',
      `${n1(large.p50)} / ${n1(large.p99)}`,
      '',
      `${n2(large.p50 / small.p50)}x, goal 1.3x`,
    );
  }
  if (wanted('revocation')) {
    const { credential, token, watch } = await revocation(ours);
    for (const [what, times] of [
      ['revoked, last request let in by a credential', credential],
      ['revoked, last request let in by an API token', token],
      ['revoked, end of a watch that slept', watch],
    ] as const) {
      row(`${what}, p50 / most (ms)`, `${n1(worst(times).p50)} / ${n1(worst(times).most)}`, '', 'goal 1,000');
    }
  }
  // Minutes of a machine that does nothing else: only when asked for.
  if (only?.includes('alarms')) {
    const { times, late, overdue, stall } = await alarms(ours);
    const shown = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map(n0).join(' / ');
    row(`${times.length} timers on a busy machine, p50 / p99 / most (ms)`, shown);
    row('of them more than a second late', n0(late), '', 'goal 0');
    row('still overdue when nobody asked', n0(overdue), '', 'goal 0');
    row('the longest that the bench itself stood still (ms)', n0(stall));
  }
  if (wanted('price')) {
    console.log(
      `\n${'one operation'.padEnd(30)}${'rows read'.padStart(11)}${'written'.padStart(9)}${'awake ms'.padStart(10)}${'$ per million'.padStart(15)}`,
    );
    for (const [name, { rowsRead, rowsWritten, awakeMs }] of Object.entries(await ours.prices())) {
      const dollars =
        rowsRead * PRICE.read + rowsWritten * PRICE.written + PRICE.request + (awakeMs / 1000) * PRICE.gb * PRICE.gbSecond;
      console.log(
        `${name.padEnd(30)}${n1(rowsRead).padStart(11)}${n1(rowsWritten).padStart(9)}${n2(awakeMs).padStart(10)}${n2(dollars).padStart(15)}`,
      );
    }
  }
} finally {
  await ours.stop();
}
