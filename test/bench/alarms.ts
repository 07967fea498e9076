import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type Target, targetOf } from './client.ts';
import type { Ours } from './ours.ts';

/** Each pod has two timers: its images are pulled, it becomes ready. */
const CLUSTERS = 50;
const ROUNDS = 12;
const STAGE_SECONDS = 2;
/** What keeps the machine busy: loops, and writers that wait for the disk. */
const LOOPS = 4;
const WRITERS = 3;
const LOOP = 'for (;;);';
const WRITER = `const fs = require('fs'), f = fs.openSync(process.argv[1], 'w'), b = Buffer.alloc(1 << 20);
for (let i = 0; ; i++) { fs.writeSync(f, b, 0, b.length, (i % 64) << 20); fs.fsyncSync(f); }`;
/** How long what is due is waited for, ms: in that time nobody asks the clusters anything. */
const WAIT_MS = 2 * STAGE_SECONDS * 1000 + 2500;
const LATE_MS = 1000;
/** How often the databases are read for what is due, ms. */
const LOOK_MS = 400;
/** How long a database may be locked by its object, which has just fallen asleep, ms. */
const LOCKED_MS = 2000;

export interface Lateness {
  /** From the time at which a timer was due to its event at a watcher, ms. */
  times: number[];
  /** Timers that were still overdue when their round was over. */
  overdue: number;
  late: number;
  /** The longest time for which this process itself did not run, ms: the machine's share of the above. */
  stall: number;
}

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    annotations: { 'atoll.dev/simulate': JSON.stringify({ pullSeconds: STAGE_SECONDS, readySeconds: STAGE_SECONDS }) },
  },
  spec: { containers: [{ name: 'c', image: 'c' }] },
});

/** When the timers of the clusters on this disk are due, by cluster's file and pod. */
function timersOf(folder: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))) {
    const db = new DatabaseSync(join(folder, file), { readOnly: true, timeout: LOCKED_MS });
    try {
      for (const { name, at } of db.prepare("SELECT name, at FROM timers WHERE controller = 'kubelet'").all()) {
        found.set(`${name}`, Number(at));
      }
    } finally {
      db.close();
    }
  }
  return found;
}

/** Notes when each pod was last heard of. */
async function listen(target: Target, heard: (name: string, at: number) => void): Promise<Connection> {
  const connection = await new Connection(target).open();
  let rest = '';
  const request = connection.encode('GET', '/api/v1/namespaces/default/pods?watch=true&resourceVersion=0');
  connection.stream(request, (chunk) => {
    const now = Date.now();
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const name = /"name":"(timed-[\d-]+)"/.exec(line)?.[1];
      if (name) heard(name, now);
    }
  });
  return connection;
}

/** Timers that come due in many clusters, on a machine that has too much to do, and how late they are. Nobody asks meanwhile. */
export async function alarms(ours: Ours): Promise<Lateness> {
  const folder = join(ours.server.data, 'clusters', 'atoll-ClusterDO');
  const found: Lateness = { times: [], overdue: 0, late: 0, stall: 0 };
  const heard = new Map<string, number[]>();
  const connections: Connection[] = [];
  const targets: Target[] = [];
  for (let n = 0; n < CLUSTERS; n++) targets.push(targetOf((await ours.make(`timed-${n}`)).kubeconfig));
  for (const target of targets) {
    connections.push(await listen(target, (name, at) => void heard.set(name, [...(heard.get(name) ?? []), at])));
  }
  const busy = [
    ...Array.from({ length: LOOPS }, () => spawn(process.execPath, ['-e', LOOP])),
    ...Array.from({ length: WRITERS }, (_, n) => spawn(process.execPath, ['-e', WRITER, join(ours.server.data, `busy-${n}`)])),
  ];
  let last = performance.now();
  const pulse = setInterval(() => {
    found.stall = Math.max(found.stall, performance.now() - last - 20);
    last = performance.now();
  }, 20);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const due = new Map<string, Set<number>>();
      let isOver = false;
      const looking = (async () => {
        while (!isOver) {
          for (const [name, at] of timersOf(folder)) due.set(name, (due.get(name) ?? new Set()).add(at));
          await sleep(LOOK_MS);
        }
      })();
      await makePods(targets, round);
      await sleep(WAIT_MS);
      isOver = true;
      await looking;
      found.overdue += [...timersOf(folder).values()].filter((at) => at < Date.now() - LATE_MS).length;
      for (const [name, times] of due) for (const at of times) found.times.push(lateness(at, heard.get(name) ?? []));
    }
  } finally {
    clearInterval(pulse);
    for (const one of busy) one.kill('SIGKILL');
    for (const connection of connections) connection.close();
  }
  found.late = found.times.filter((ms) => ms > LATE_MS).length;
  return found;
}

/** The first event that came once the timer was due; one that never came counts as never. */
function lateness(due: number, events: readonly number[]): number {
  const at = events.find((time) => time >= due);
  return at === undefined ? Number.POSITIVE_INFINITY : at - due;
}

/** One pod in each cluster. */
async function makePods(targets: readonly Target[], round: number): Promise<void> {
  const make = async (target: Target, n: number) => {
    const connection = await new Connection(target).open();
    await connection.json('POST', '/api/v1/namespaces/default/pods', pod(`timed-${n}-${round}`));
    connection.close();
  };
  await Promise.all(targets.map(make));
}
