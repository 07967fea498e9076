import { memoryOf } from '../bench/memory.ts';
import { Caller } from './caller.ts';
import { Lives } from './lives.ts';
import { visitOf } from './operations.ts';
import { Report } from './report.ts';
import { Slot, type Environment } from './slot.ts';
import { Tenants } from './tenants.ts';

const MS = 1000;
const SAMPLE_MS = 1000;
/** Clients at work at the same time, and how many clusters are made or looked at together before and after. */
const CLIENTS = 24;
const TOGETHER = 8;
/** One cluster in four is watched, but of many so many at most. */
const WATCHED = { share: 1 / 4, most: 100 };

export interface SoakOptions {
  seconds: number;
  clusters: number;
  accounts: number;
  /** Seconds from one kill -9 to the next; 0: never. */
  killEvery: number;
  seed: number;
}

export interface Sample {
  /** Seconds since the load began. */
  at: number;
  life: number;
  node: number;
  workerd: number;
}

export interface Soaked {
  report: Report;
  kills: number;
  visits: number;
  samples: Sample[];
  setupSeconds: number;
  /** Longest time from a kill until the server served again, s. */
  longestDown: number;
}

async function each<T>(all: readonly T[], together: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (const one of left) await work(one);
    }),
  );
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Soak {
  readonly #options: SoakOptions;
  readonly #environment: Environment;
  readonly #tenants: Tenants;
  readonly #slots: Slot[] = [];
  readonly #samples: Sample[] = [];
  #visits = 0;
  #kills = 0;
  #longestDown = 0;

  constructor(options: SoakOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#tenants = new Tenants(environment);
  }

  async run(operator: string): Promise<Soaked> {
    const from = performance.now();
    await this.#fill(operator);
    const begun = performance.now();
    const until = begun + this.#options.seconds * MS;
    await Promise.all([this.#load(until), this.#kill(until), this.#sample(begun, until)]);
    await this.#check();
    return {
      report: this.#environment.report,
      kills: this.#kills,
      visits: this.#visits,
      samples: this.#samples,
      setupSeconds: (begun - from) / MS,
      longestDown: this.#longestDown,
    };
  }

  /** Accounts with as many clusters each. */
  async #fill(operator: string): Promise<void> {
    const { accounts, clusters } = this.#options;
    const made: { name: string; token: string }[] = [];
    for (let n = 0; n < accounts; n++) made.push(await this.#tenants.account(`tenant-${n}`, operator));
    const every = Math.ceil(clusters / Math.min(WATCHED.most, Math.ceil(clusters * WATCHED.share)));
    for (let number = 0; number < clusters; number++) {
      const watched = number % every === 0;
      const watches = number % (2 * every) === 0 ? 'configmaps' : 'pods';
      const account = made[number % accounts];
      this.#slots.push(new Slot({ account, number, environment: this.#environment, ...(watched && { watches }) }));
    }
    await each(this.#slots, TOGETHER, (slot) => this.#tenants.fill(slot));
  }

  async #load(until: number): Promise<void> {
    const { seed } = this.#options;
    const client = async () => {
      while (performance.now() < until) {
        const { slot: number, steps, change } = visitOf(seed, this.#visits++, this.#slots.length);
        const slot = this.#slots[number];
        await slot.alone(async () => {
          if (!slot.door) await this.#tenants.fill(slot);
          await slot.visit(steps);
          if (change) await this.#tenants.change(slot, change);
        });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  }

  async #kill(until: number): Promise<void> {
    const every = this.#options.killEvery * MS;
    if (every === 0) return;
    for (let at = performance.now() + every; at < until; at = performance.now() + every) {
      await pause(at - performance.now());
      const from = performance.now();
      await this.#environment.lives.kill();
      this.#longestDown = Math.max(this.#longestDown, (performance.now() - from) / MS);
      this.#kills++;
    }
  }

  async #sample(begun: number, until: number): Promise<void> {
    const { lives } = this.#environment;
    while (performance.now() < until) {
      await lives.serving();
      const life = lives.number;
      const { node, workerd } = memoryOf(lives.server.pid);
      if (!lives.ended(life)) this.#samples.push({ at: (performance.now() - begun) / MS, life, node, workerd });
      await pause(SAMPLE_MS);
    }
  }

  /** The load is over: everything must be as its clients know it. */
  async #check(): Promise<void> {
    await each(this.#slots, TOGETHER, async (slot) => {
      await slot.look();
      await slot.settle();
      await slot.unwatch();
      await this.#tenants.meter(slot);
    });
    await this.#tenants.check(this.#slots);
  }
}

/** A server with many tenants under mixed load, killed again and again; what it then must still know is checked. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const lives = await Lives.begin();
  const report = new Report();
  const caller = new Caller(lives, report);
  try {
    return await new Soak(options, { caller, lives, report }).run(lives.server.operator);
  } finally {
    caller.close();
    await lives.end();
  }
}
