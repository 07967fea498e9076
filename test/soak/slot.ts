import { type Answer, type Ask, type Caller, parsed } from './caller.ts';
import type { Lives } from './lives.ts';
import { Meter } from './meter.ts';
import { Model } from './model.ts';
import { type Operation, pathOf, requestOf, type Resource, type Seen, type State, type Step, stateOf } from './operations.ts';
import type { Report } from './report.ts';
import { type Door, Watcher } from './watcher.ts';

const SETTLE_MS = 60_000;
const LOOK_MS = 50;
const WATCHED: Record<string, string> = { configmaps: pathOf('configmaps'), pods: '/api/v1/namespaces/default/pods' };
/** Made by the cluster itself. */
const NOT_OURS = 'kube-root-ca.crt';

/** What all tenants of a soak share: the caller of the server, its lives, and the report. */
export interface Environment {
  caller: Caller;
  lives: Lives;
  report: Report;
}

/** One tenant's clients of one cluster, and all that they know of it. The cluster may be another one later. */
export class Slot {
  readonly account: { name: string; token: string };
  readonly number: number;
  readonly #environment: Environment;
  readonly #watches: string | undefined;
  door: (Door & { name: string }) | undefined;
  model = new Model();
  meter: Meter;
  /** How many clusters it has had. */
  generation = 0;
  #life = 0;
  #revision = 0;
  #watcher: Watcher | undefined;
  #acknowledged: number[] = [];
  #deleted: { uid: string; after: number }[] = [];
  #busy: Promise<void> = Promise.resolve();

  constructor(o: { account: { name: string; token: string }; number: number; environment: Environment; watches?: string }) {
    this.account = o.account;
    this.number = o.number;
    this.#environment = o.environment;
    this.meter = new Meter(o.environment.lives);
    this.#watches = o.watches;
  }

  /** One visitor at a time, in order. */
  alone(work: () => Promise<void>): Promise<void> {
    const next = this.#busy.then(work);
    this.#busy = next.catch(() => undefined);
    return next;
  }

  /** A cluster that was just made. */
  async begin(door: Door & { name: string }, model = new Model()): Promise<void> {
    this.door = door;
    this.model = model;
    this.meter = new Meter(this.#environment.lives);
    this.#life = this.#environment.lives.number;
    this.#revision = 0;
    await this.watch();
  }

  /** Opens its watch, if it has one. */
  async watch(): Promise<void> {
    if (!this.door || this.#watches === undefined) return;
    this.#acknowledged = [];
    this.#deleted = [];
    const { caller, lives, report } = this.#environment;
    this.#watcher = new Watcher({ caller, lives, report, door: this.door, meter: this.meter, path: WATCHED[this.#watches] });
    await this.#watcher.start();
  }

  /** Its watch ends, and must have heard everything. */
  async unwatch(): Promise<void> {
    const watcher = this.#watcher;
    if (!watcher) return;
    this.#watcher = undefined;
    await watcher.check(this.#acknowledged, this.#deleted, SETTLE_MS);
    await watcher.stop();
  }

  /** `row`: done, it leaves a row in the log. */
  async #ask(what: Omit<Ask, 'token'>, row = false): Promise<Answer | undefined> {
    if (!this.door) return undefined;
    const answer = await this.#environment.caller.ask({
      ...what,
      path: `${this.door.prefix}${what.path}`,
      token: this.door.token,
    });
    const write = what.method !== 'GET';
    if (!answer) this.meter.unsure(write);
    else this.meter.answered({ write: write && answer.status < 300, row: row && answer.status < 300 });
    return answer;
  }

  #wrong(text: string): void {
    this.#environment.report.violation(`${this.account.name} ${this.door?.name}: ${text}`);
  }

  /** The steps of a visit. The first visit of a server's life looks at everything: what the life before acknowledged must be there. */
  async visit(steps: readonly Step[]): Promise<void> {
    if (this.#life !== this.#environment.lives.number) await this.look();
    for (const step of steps) {
      if (step.verb === 'list') await this.#list(step.resource);
      else if (!(await this.#act(step))) await this.look();
    }
  }

  async look(): Promise<void> {
    const life = this.#environment.lives.number;
    await this.#list('configmaps');
    await this.#list('deployments');
    this.#life = life;
  }

  async #list(resource: Resource): Promise<Seen[]> {
    for (;;) {
      const answer = await this.#ask({ method: 'GET', path: pathOf(resource) });
      if (!answer) continue;
      this.#environment.report.count('list');
      if (answer.status !== 200) {
        this.#wrong(`list of ${resource} was answered ${answer.status} ${answer.body.slice(0, 200)}`);
        return [];
      }
      const { items, metadata } = parsed<{ items: Seen[]; metadata: { resourceVersion: string } }>(answer);
      const ours = items.filter((item) => item.metadata.name !== NOT_OURS);
      const found = new Map(ours.map((item) => [item.metadata.name, stateOf(item, resource)]));
      for (const wrong of this.model.listed(resource, found)) this.#wrong(wrong);
      if (Number(metadata.resourceVersion) < this.#revision) {
        this.#wrong(`a list at revision ${metadata.resourceVersion} after an answer at ${this.#revision}`);
      }
      return ours;
    }
  }

  /** False when there was no answer. */
  async #act(o: Operation): Promise<boolean> {
    // Scaling to what it is already changes nothing.
    const answer = await this.#ask(requestOf(o), o.verb !== 'get' && o.verb !== 'scale');
    if (!answer) {
      this.model.unanswered(o);
      return false;
    }
    const { report } = this.#environment;
    report.count(o.verb);
    const { status } = answer;
    const shown = status < 300 && o.verb !== 'scale' && o.verb !== 'delete' ? parsed<Seen>(answer) : undefined;
    const seen: State | undefined = shown && stateOf(shown, o.resource);
    const wrong = this.model.answered(o, status, seen);
    if (wrong) this.#wrong(wrong);
    if (status < 300 && o.verb !== 'get') this.#acknowledge(o, shown, answer);
    return true;
  }

  #acknowledge(o: Operation, shown: Seen | undefined, answer: Answer): void {
    this.#environment.report.count('acknowledged writes');
    if (shown) {
      const revision = Number(shown.metadata.resourceVersion);
      if (revision <= this.#revision) this.#wrong(`a write at revision ${revision} after one at ${this.#revision}`);
      this.#revision = revision;
      if (this.#watches === o.resource) this.#acknowledged.push(revision);
    } else if (o.verb === 'delete' && this.#watches === o.resource) {
      const { details } = parsed<{ details?: { uid: string } }>(answer);
      if (details) this.#deleted.push({ uid: details.uid, after: this.#revision });
    }
  }

  /** Everything comes to rest: every Deployment has the pods that it asks for. */
  async settle(): Promise<void> {
    const end = performance.now() + SETTLE_MS;
    let difference = '';
    do {
      difference = await this.#unsettled();
      if (difference === '') return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    } while (performance.now() < end);
    this.#wrong(difference);
  }

  async #unsettled(): Promise<string> {
    interface Deployment extends Seen {
      status?: { readyReplicas?: number; replicas?: number };
    }
    let wanted = 0;
    for (const { metadata, spec, status = {} } of (await this.#list('deployments')) as Deployment[]) {
      const replicas = spec?.replicas ?? 0;
      wanted += replicas;
      if ((status.readyReplicas ?? 0) !== replicas || (status.replicas ?? 0) !== replicas) {
        return `${metadata.name} wants ${replicas} and has ${JSON.stringify(status)}`;
      }
    }
    const answer = await this.#ask({ method: 'GET', path: WATCHED.pods });
    if (answer?.status !== 200) return `pods cannot be listed: ${answer?.status}`;
    const pods = parsed<{ items: unknown[] }>(answer).items.length;
    return pods === wanted ? '' : `there are ${pods} pods of ${wanted}`;
  }
}
