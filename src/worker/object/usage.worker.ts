import type { Cluster } from '../../cluster/cluster.ts';
import type { Usage } from '../../cluster/usage.ts';
import { USAGE_FLUSH_MS } from '../../lib/limits.ts';
import { USAGE_GATHER_MS } from '../limits.ts';
import type { UsageHour } from '../../management/usage/port.ts';
import { RECORD_ROWS, RECORD_USAGE, type UsageRow } from '../../management/usage/record.ts';
import { now } from '../platform/host.worker.ts';

/** Of the deployment, its database. */
interface Env {
  DB: { prepare(query: string): { bind(rows: string): { run(): Promise<unknown> } } };
}

/** What clusters of this isolate have to tell: gathered, since one statement for many costs the database as much as for one. */
const gathered = new Map<string, { usage: Usage; hours: UsageHour[] }>();

const record = (env: Env, rows: UsageRow[]) => env.DB.prepare(RECORD_USAGE).bind(JSON.stringify(rows)).run();

/** Tells the deployment's database. Whoever comes first does it for all; what cannot be told is told with what is counted next. */
async function tell(env: Env): Promise<void> {
  while (gathered.size > 0) {
    const some = [...gathered].slice(0, RECORD_ROWS);
    for (const [id] of some) gathered.delete(id);
    try {
      await record(
        env,
        some.flatMap(([id, { hours }]) => hours.map((hour) => ({ id, ...hour }))),
      );
      for (const [, { usage, hours }] of some) usage.heard(hours);
    } catch (error) {
      console.error('usage could not be told', error);
      for (const [, { usage }] of some) usage.unheard();
      return;
    }
  }
}

/** Writes down what one cluster counted, within moments, and tells it on. Never on the way of a request. */
export class UsageKeeper {
  readonly #env: Env;
  readonly #isOpen: (cluster: Cluster) => boolean;
  readonly #arm: (at: number) => void;
  /** For whom a timer runs; a cluster that is opened anew gets one of its own. */
  #waits: Cluster | undefined;

  /** `arm` sees to it that there is an alarm at the time, or before. */
  constructor(env: Env, isOpen: (cluster: Cluster) => boolean, arm: (at: number) => void) {
    this.#env = env;
    this.#isOpen = isOpen;
    this.#arm = arm;
  }

  /** To be called in every turn. What the alarm has woken for is told now: it would wake at once again. */
  keep(cluster: Cluster): void {
    const { usage } = cluster;
    if (usage.tellAt !== undefined && usage.mustTell(now())) {
      this.write(cluster);
      return;
    }
    if (this.#waits === cluster || (usage.due === undefined && !usage.mustTell(now()))) return;
    this.#waits = cluster;
    setTimeout(() => {
      if (this.#waits === cluster) this.#waits = undefined;
      if (this.#isOpen(cluster)) this.write(cluster);
    }, USAGE_FLUSH_MS);
  }

  /** Tells all of it before it returns: the cluster is about to fall silent. */
  async last({ usage, options }: Cluster): Promise<void> {
    gathered.delete(options.id);
    await record(
      this.#env,
      usage.tell(now()).map((hour) => ({ id: options.id, ...hour })),
    );
  }

  /** Writes down what is counted, and tells it on when it is time. */
  write(cluster: Cluster): void {
    const { usage, options } = cluster;
    const time = now();
    if (usage.due !== undefined) usage.flush(time);
    if (usage.mustTell(time)) {
      gathered.set(options.id, { usage, hours: usage.tell(time) });
      setTimeout(() => void tell(this.#env), USAGE_GATHER_MS);
    }
    if (usage.tellAt !== undefined) this.#arm(usage.tellAt);
  }
}
