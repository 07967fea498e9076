import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { configMap, fill, namespace, pool, replicas } from './api.ts';
import { Connection, quantile, type Target } from './client.ts';

/** The quiet tenant: so many requests a second, sent at their time whether or not those before were answered. */
const QUIET_PER_SECOND = 50;
const QUIET_CONNECTIONS = 8;
const QUIET_OBJECTS = 50;
/** Alone and beside the noisy one by turns, so that what else the machine does falls on both. */
const ROUNDS = 4;
const PHASE_MS = 8_000;
const SETTLE_MS = 1_000;
/** The noisy tenant: as much as it gets on so many connections, and rollouts one after another. */
const NOISY_CONNECTIONS = 32;
const NOISY_LISTED = 500;

/** Quantiles of what the quiet tenant waits, ms, and what the noisy one got. */
export interface Neighbour {
  alone: { p50: number; p99: number };
  beside: { p50: number; p99: number };
  /** The median of the rounds' ratios of p99. */
  ratio: number;
  noisyPerSecond: number;
  rollouts: number;
}

type Command = 'go' | 'pause' | 'end';
interface Told {
  done: number;
  rollouts: number;
}

/** Mixed as clients do: six reads, two lists, one patch, one creation. */
function quietRequest(c: Connection, n: number): Buffer {
  const items = '/api/v1/namespaces/quiet/configmaps';
  const kind = n % 10;
  if (kind < 6) return c.encode('GET', `${items}/item-${n % QUIET_OBJECTS}`);
  if (kind < 8) return c.encode('GET', `${items}?limit=20`);
  if (kind === 8) {
    const body = JSON.stringify({ data: { value: `${n}` } });
    return c.encode('PATCH', `${items}/item-${n % QUIET_OBJECTS}`, body, 'application/merge-patch+json');
  }
  return c.encode('POST', items, JSON.stringify(configMap(`made-${n}`)));
}

let sent = 0;

/** What the requests of one phase waited, from the moment at which they were due. */
async function quietPhase(connections: Connection[]): Promise<number[]> {
  const free = [...connections];
  const waiting: ((c: Connection) => void)[] = [];
  const take = () => free.pop() ?? new Promise<Connection>((resolve) => waiting.push(resolve));
  const give = (c: Connection) => {
    const next = waiting.shift();
    if (next) next(c);
    else free.push(c);
  };
  const times: number[] = [];
  const open: Promise<void>[] = [];
  const from = performance.now();
  const one = async (due: number) => {
    const c = await take();
    const { status, body } = await c.send(quietRequest(c, sent++));
    if (status >= 300) throw new Error(`the quiet tenant was answered ${status} ${body.toString().slice(0, 200)}`);
    times.push(performance.now() - due);
    give(c);
  };
  for (let n = 0; n < (PHASE_MS / 1000) * QUIET_PER_SECOND; n++) {
    const due = from + (n * 1000) / QUIET_PER_SECOND;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    // A timer of Node comes late by up to a millisecond or two, which is the client's fault and not the server's.
    open.push(one(Math.max(due, performance.now())));
  }
  await Promise.all(open);
  return times;
}

const said = async <T>(child: ChildProcess): Promise<T> => (await once(child, 'message'))[0] as T;

/** How long a quiet tenant waits alone, and beside one that asks for all there is. Each is a process: they share the server only. */
export async function neighbour(quiet: Target, noisy: Target): Promise<Neighbour> {
  const connections = await pool(quiet, QUIET_CONNECTIONS);
  await connections[0].json('POST', '/api/v1/namespaces', namespace('quiet'));
  await fill(connections, 'quiet', QUIET_OBJECTS);
  const child = fork(new URL(import.meta.url), ['noisy'], { execArgv: [] });
  const ready = said(child);
  child.send(noisy);
  await ready;
  const [alone, beside, ratios]: number[][] = [[], [], []];
  let told: Told = { done: 0, rollouts: 0 };
  await quietPhase(connections);
  for (let round = 0; round < ROUNDS; round++) {
    const before = await quietPhase(connections);
    child.send('go' satisfies Command);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const during = await quietPhase(connections);
    const answer = said<Told>(child);
    child.send('pause' satisfies Command);
    told = await answer;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    alone.push(...before);
    beside.push(...during);
    ratios.push(quantile(during, 0.99) / quantile(before, 0.99));
  }
  child.send('end' satisfies Command);
  for (const connection of connections) connection.close();
  const both = (times: number[]) => ({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) });
  const seconds = (ROUNDS * (PHASE_MS + SETTLE_MS)) / 1000;
  return {
    alone: both(alone),
    beside: both(beside),
    ratio: quantile(ratios, 0.5),
    noisyPerSecond: told.done / seconds,
    rollouts: told.rollouts,
  };
}

/** The other process. It yields to the server: clients run on machines of their own, and this one has few cores. */
async function beNoisy(target: Target): Promise<void> {
  setPriority(constants.priority.PRIORITY_LOW);
  const connections = await pool(target, NOISY_CONNECTIONS);
  for (const name of ['noisy', 'made']) await connections[0].json('POST', '/api/v1/namespaces', namespace(name));
  await fill(connections, 'noisy', NOISY_LISTED);
  const told: Told = { done: 0, rollouts: 0 };
  let running = false;
  let wake: (() => void)[] = [];
  let made = 0;
  let open = 0;
  let quiet: (() => void) | undefined;
  const turn = async (work: () => Promise<unknown>) => {
    for (;;) {
      if (!running) await new Promise<void>((resolve) => wake.push(resolve));
      open++;
      await work();
      if (--open === 0 && !running) quiet?.();
    }
  };
  const items = '/api/v1/namespaces/noisy/configmaps';
  connections.forEach((c, worker) => {
    let n = worker;
    void turn(async () => {
      n++;
      const kind = n % 4;
      const request =
        kind < 2
          ? c.encode('GET', `${items}/item-${n % NOISY_LISTED}`)
          : kind === 2
            ? c.encode('GET', items)
            : c.encode('POST', '/api/v1/namespaces/made/configmaps', JSON.stringify(configMap(`made-${made++}`)));
      const { status } = await c.send(request);
      // Being refused for its haste is what may happen to it.
      if (status < 300) told.done++;
      else if (status !== 429) throw new Error(`the noisy tenant was answered ${status}`);
    });
  });
  void turn(async () => {
    await replicas(target, `roll-${told.rollouts}`);
    told.rollouts++;
  });
  process.on('message', (command: Command) => {
    if (command === 'end') process.exit(0);
    running = command === 'go';
    if (running) {
      const all = wake;
      wake = [];
      for (const go of all) go();
    } else {
      quiet = () => process.send?.(told);
      if (open === 0) quiet();
    }
  });
  process.send?.('ready');
}

if (process.argv[2] === 'noisy') process.once('message', (target: Target) => void beNoisy(target));
