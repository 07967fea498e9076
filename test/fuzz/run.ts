import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Finding, fuzzCluster } from './cluster.ts';
import { fuzzManagement } from './management.ts';
import { fuzzServer } from './server.ts';

/** Requests of one batch: each has a seed and a world of its own. */
const BATCH = 100;
/** A batch that says nothing for so long hangs, ms. */
const SILENCE_MS = 120_000;

type Room = 'cluster' | 'management' | 'server';
interface Job {
  room: Room;
  seed: number;
  count: number;
}
interface Said {
  findings?: Finding[];
  status?: number;
}

/** In the thread: one batch, and what it finds. */
async function work({ room, seed, count }: Job): Promise<void> {
  const say = (said: Said) => parentPort?.postMessage(said);
  const heard = (status: number) => say({ status });
  const findings =
    room === 'cluster'
      ? fuzzCluster(seed, count, (_, status) => heard(status))
      : room === 'management'
        ? await fuzzManagement(seed, count, heard)
        : await fuzzServer(seed, count, heard);
  say({ findings });
}

/** Batches run in a thread that is watched: one that never comes back is ended, and is a finding. */
class Watched {
  #worker: Worker | undefined;
  readonly statuses = new Map<number, number>();

  run(job: Job): Promise<Finding[]> {
    const worker = (this.#worker ??= new Worker(fileURLToPath(import.meta.url)));
    return new Promise((resolve) => {
      const end = (findings: Finding[]) => {
        clearTimeout(timer);
        worker.off('message', hear);
        worker.off('error', die);
        resolve(findings);
      };
      const lost = (what: string) => {
        void this.close();
        end([{ seed: job.seed, index: -1, what, request: 'unknown' }]);
      };
      const timer = setTimeout(() => lost(`said nothing for ${SILENCE_MS} ms`), SILENCE_MS);
      const hear = ({ status, findings }: Said) => {
        timer.refresh();
        if (status !== undefined) this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        if (findings) end(findings);
      };
      const die = (error: Error) => lost(`died: ${error}`);
      worker.on('message', hear);
      worker.on('error', die);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

const words = (text: string | undefined, usual: number) => (text === undefined ? usual : Number(text));

/** `npm run fuzz`: so many requests to both APIs in Node, then some to a real server. `-- --room cluster --seed 7` replays one batch. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { room: { type: 'string' }, seed: { type: 'string' }, requests: { type: 'string' }, served: { type: 'string' } },
  });
  const first = words(values.seed, 1);
  const replay = values.room !== undefined && values.seed !== undefined && values.requests === undefined;
  const batches = replay ? 1 : Math.ceil(words(values.requests, 10_000) / BATCH);
  const jobs: Job[] = [];
  for (let i = 0; i < batches; i++) {
    const room: Room = (values.room as Room | undefined) ?? (i % 3 === 2 ? 'management' : 'cluster');
    jobs.push({ room, seed: first + i, count: BATCH });
  }
  const served = values.room === undefined ? words(values.served, 1_000) : 0;
  if (served) jobs.push({ room: 'server', seed: first, count: served });
  let found = 0;
  const watched = new Watched();
  for (const job of jobs.map((one) =>
    one.room === 'server' && values.room ? { ...one, count: words(values.served, 1_000) } : one,
  )) {
    for (const { index, what, request } of await watched.run(job)) {
      found++;
      console.log(`${what}\n  request ${index}: ${request}\n  replay: npm run fuzz -- --room ${job.room} --seed ${job.seed}`);
    }
  }
  await watched.close();
  const { statuses } = watched;
  const shares = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
  const asked = [...statuses.values()].reduce((sum, n) => sum + n, 0);
  console.log(`${asked} answers (${shares.join(', ')}); ${found} findings`);
  return found ? 1 : 0;
}

if (isMainThread) process.exitCode = await main();
else parentPort?.on('message', (job: Job) => void work(job));
