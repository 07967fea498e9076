import { randomUUID } from 'node:crypto';
import { type Answer, type Ask, parsed } from './caller.ts';
import type { Figures } from './meter.ts';
import type { Change } from './operations.ts';
import { Slot, type Environment } from './slot.ts';
import type { Door } from './watcher.ts';

const SELF = '/v1/accounts/self/clusters';
const WAIT_MS = 100;
/** How long a server that came back may take to know what became of what it was doing. */
const KNOWN_MS = 90_000;
/** How long clusters may take to tell what they were used for. */
const TOLD_MS = 40_000;

interface Made {
  id: string;
  name: string;
  server: string;
  kubeconfig: string;
}

type Way = Door & { name: string };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The way into a cluster, out of the kubeconfig that came with it. */
function wayInto(id: string, name: string, kubeconfig: string): Way {
  const { clusters, users } = JSON.parse(kubeconfig) as {
    clusters: { cluster: { server: string } }[];
    users: { user: { token: string } }[];
  };
  return { id, name, prefix: new URL(clusters[0].cluster.server).pathname, token: users[0].user.token };
}

/** What tenants do with whole clusters, and with the same care for what was not answered. */
export class Tenants {
  readonly #environment: Environment;
  /** Names under which a server that died was making clusters. */
  readonly #stranded: { slot: Slot; name: string }[] = [];
  /** What the clusters that are gone were used for, by account. */
  readonly #gone = new Map<string, Figures>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async #manage(slot: Slot, what: Omit<Ask, 'token'>): Promise<Answer | undefined> {
    const answer = await this.#environment.caller.ask({ ...what, token: slot.account.token });
    if (answer) this.#environment.report.count(`management ${what.method}`);
    return answer;
  }

  #wrong(slot: Slot, text: string): void {
    this.#environment.report.violation(`${slot.account.name} ${slot.door?.name}: ${text}`);
  }

  /** An account by the operator's hand; asked again until there is an answer. */
  async account(name: string, operator: string): Promise<{ name: string; token: string }> {
    for (;;) {
      const answer = await this.#environment.caller.ask({
        method: 'POST',
        path: '/v1/accounts',
        token: operator,
        body: { name },
      });
      if (!answer) continue;
      if (answer.status !== 201) throw new Error(`account: ${answer.status} ${answer.body}`);
      return { name, token: parsed<{ token: string }>(answer).token };
    }
  }

  /**
   * A new cluster, by a POST there. Should no answer come, the same request is repeated under its key; a server that died over it knows
   * neither, and the client goes on under another name.
   */
  async make(slot: Slot, address = SELF): Promise<Way | undefined> {
    for (;;) {
      const name = `c-${slot.number}-${slot.generation++}`;
      const headers = { 'idempotency-key': randomUUID() };
      let tried = false;
      for (;;) {
        const answer = await this.#manage(slot, { method: 'POST', path: address, body: { name }, headers });
        if (answer?.status === 201) {
          const made = parsed<Made>(answer);
          return wayInto(made.id, made.name, made.kubeconfig);
        }
        if (answer?.status === 409 && tried) break;
        if (answer) {
          this.#wrong(slot, `${address} was answered ${answer.status} ${answer.body.slice(0, 300)}`);
          return undefined;
        }
        tried = true;
      }
      this.#stranded.push({ slot, name });
    }
  }

  /** What the deaths of the server left of clusters in the making: each is whole or goes away, and then it is as if it never was. */
  async #settleStranded(): Promise<void> {
    const end = performance.now() + KNOWN_MS;
    for (const { slot, name } of this.#stranded) {
      for (;;) {
        const answer = await this.#manage(slot, { method: 'GET', path: `${SELF}/${name}` });
        if (answer?.status === 404) break;
        const { id, state } = answer?.status === 200 ? parsed<{ id: string; state: string }>(answer) : {};
        if (id !== undefined && state === 'ready') {
          await this.#isWhole(slot, id);
          await this.remove(slot, id);
          break;
        }
        if (performance.now() > end) {
          this.#wrong(slot, `${name} was neither made nor taken away: ${answer?.status} ${answer?.body.slice(0, 300)}`);
          break;
        }
        await pause(WAIT_MS);
      }
    }
  }

  async #isWhole(slot: Slot, id: string): Promise<void> {
    const answer = await this.#manage(slot, { method: 'POST', path: `${SELF}/${id}/kubeconfig`, body: { role: 'admin' } });
    if (!answer) return;
    if (answer.status !== 201) return this.#wrong(slot, `kubeconfig of ${id}: ${answer.status} ${answer.body.slice(0, 300)}`);
    const status = await this.#knock(slot, wayInto(id, id, answer.body));
    if (status !== undefined && status !== 200) this.#wrong(slot, `${id} is ready, and answers ${status}`);
  }

  /** What a cluster says of its use. */
  async #usage(slot: Slot, id: string): Promise<Figures | undefined> {
    for (;;) {
      const answer = await this.#manage(slot, { method: 'GET', path: `${SELF}/${id}/usage` });
      if (!answer) continue;
      if (answer.status === 200) return parsed<{ totals: Figures }>(answer).totals;
      this.#wrong(slot, `usage was answered ${answer.status} ${answer.body.slice(0, 300)}`);
      return undefined;
    }
  }

  /** It must be what its clients have counted. */
  async meter(slot: Slot): Promise<void> {
    const found = slot.door && (await this.#usage(slot, slot.door.id));
    if (!found) return;
    const difference = slot.meter.differs(found);
    if (difference) this.#wrong(slot, `usage: ${difference}`);
    this.#environment.report.count('requests metered', found.requests);
    this.#environment.report.count('writes metered', found.writes);
    this.#environment.report.count('reads lost to kills', slot.meter.missed(found));
  }

  /** Deletes a cluster for good, as often as it takes to be told so. */
  async remove(slot: Slot, id: string): Promise<void> {
    const used = await this.#usage(slot, id);
    const gone = this.#gone.get(slot.account.token) ?? { requests: 0, writes: 0 };
    this.#gone.set(slot.account.token, {
      requests: gone.requests + (used?.requests ?? 0),
      writes: gone.writes + (used?.writes ?? 0),
    });
    for (;;) {
      const answer = await this.#manage(slot, { method: 'DELETE', path: `${SELF}/${id}?grace=0` });
      if (!answer) continue;
      if (answer.status !== 204 && answer.status !== 404) {
        this.#wrong(slot, `delete was answered ${answer.status} ${answer.body.slice(0, 300)}`);
      }
      return;
    }
  }

  /** Fills an empty slot. */
  async fill(slot: Slot): Promise<void> {
    const door = await this.make(slot);
    if (door) await slot.begin(door);
  }

  change(slot: Slot, change: Change): Promise<void> {
    this.#environment.report.count(`change: ${change}`);
    switch (change) {
      case 'replace':
        return this.#replace(slot);
      case 'restore':
        return this.#restore(slot);
      case 'fork':
        return this.#fork(slot);
      case 'suspend':
        return this.#suspend(slot);
      case 'credential':
        return this.#credential(slot);
      default:
        return this.#look(slot);
    }
  }

  /** The cluster goes, and another one comes. */
  async #replace(slot: Slot): Promise<void> {
    const { door } = slot;
    if (!door) return;
    await slot.unwatch();
    await this.meter(slot);
    await this.remove(slot, door.id);
    const after = await this.#knock(slot, door);
    if (after !== undefined && after < 400) this.#wrong(slot, `was deleted, and answers ${after}`);
    slot.door = undefined;
    await this.fill(slot);
  }

  /** Asks for what must be answered so. */
  async #post(slot: Slot, path: string, status: number): Promise<void> {
    for (;;) {
      const answer = await this.#manage(slot, { method: 'POST', path });
      if (!answer) continue;
      if (answer.status !== status) this.#wrong(slot, `${path} was answered ${answer.status} ${answer.body.slice(0, 300)}`);
      return;
    }
  }

  /** It is deleted, is away, and comes back as it was. */
  async #restore(slot: Slot): Promise<void> {
    const { door } = slot;
    if (!door) return;
    await slot.unwatch();
    for (;;) {
      const answer = await this.#manage(slot, { method: 'DELETE', path: `${SELF}/${door.id}` });
      if (!answer) continue;
      if (answer.status !== 200) this.#wrong(slot, `delete was answered ${answer.status} ${answer.body.slice(0, 300)}`);
      break;
    }
    const after = await this.#knock(slot, door);
    if (after !== undefined && after !== 404 && after !== 401) this.#wrong(slot, `is deleted, and answers ${after}`);
    await this.#post(slot, `${SELF}/${door.id}/restore`, 200);
    await slot.look();
    await slot.watch();
  }

  /** A copy holds what there was, and goes ways of its own. */
  async #fork(slot: Slot): Promise<void> {
    if (!slot.door) return;
    const way = await this.make(slot, `${SELF}/${slot.door.id}/fork`);
    if (!way) return;
    const copy = new Slot({ account: slot.account, number: slot.number, environment: this.#environment });
    await copy.begin(way, slot.model.copy());
    await copy.look();
    await copy.visit([{ verb: 'create', resource: 'configmaps', name: 'only-in-the-fork', value: way.name, replicas: 0 }]);
    await copy.look();
    await slot.look();
    await this.meter(copy);
    await this.remove(slot, way.id);
  }

  /** It serves nobody, and then goes on. */
  async #suspend(slot: Slot): Promise<void> {
    const { door } = slot;
    if (!door) return;
    await slot.unwatch();
    await this.#post(slot, `${SELF}/${door.id}/suspend`, 200);
    const status = await this.#knock(slot, door, 503);
    if (status !== undefined && status !== 503) this.#wrong(slot, `is suspended, and answers ${status}`);
    await this.#post(slot, `${SELF}/${door.id}/resume`, 200);
    await slot.look();
    await slot.watch();
  }

  async #knock(slot: Slot, { prefix, token }: Door, also?: number): Promise<number | undefined> {
    const path = `${prefix}/api/v1/namespaces/default`;
    const answer = await this.#environment.caller.ask({
      method: 'GET',
      path,
      token,
      ...(also !== undefined && { also: [also] }),
    });
    if (slot.door?.prefix === prefix) {
      if (answer?.status === 200) slot.meter.answered({ write: false, row: false });
      else slot.meter.unsure(false);
    }
    return answer?.status;
  }

  /** A credential is made, used and revoked. */
  async #credential(slot: Slot): Promise<void> {
    if (!slot.door) return;
    const name = `once-${randomUUID()}`;
    const made = await this.#manage(slot, {
      method: 'POST',
      path: `${SELF}/${slot.door.id}/kubeconfig`,
      body: { role: 'view', name },
    });
    if (!made) return;
    if (made.status !== 201) return this.#wrong(slot, `kubeconfig: ${made.status} ${made.body.slice(0, 300)}`);
    const door = wayInto(slot.door.id, slot.door.name, made.body);
    const used = await this.#knock(slot, door);
    if (used !== undefined && used !== 200) this.#wrong(slot, `a new credential was answered ${used}`);
    const id = await this.#credentialNamed(slot, slot.door.id, name);
    if (id === undefined) return this.#wrong(slot, 'a credential that was acknowledged is not listed');
    for (;;) {
      const gone = await this.#manage(slot, { method: 'DELETE', path: `${SELF}/${slot.door.id}/credentials/${id}` });
      if (!gone) continue;
      if (gone.status !== 204 && gone.status !== 404) this.#wrong(slot, `revoking was answered ${gone.status} ${gone.body}`);
      break;
    }
    const after = await this.#knock(slot, door);
    if (after !== undefined && after !== 401) this.#wrong(slot, `a revoked credential was answered ${after}`);
  }

  async #credentialNamed(slot: Slot, cluster: string, name: string): Promise<string | undefined> {
    let after = '';
    for (;;) {
      const answer = await this.#manage(slot, { method: 'GET', path: `${SELF}/${cluster}/credentials${after}` });
      if (!answer) continue;
      const { items, next } = parsed<{ items: { id: string; name: string }[]; next?: string }>(answer);
      const found = items.find((item) => item.name === name);
      if (found || next === undefined) return found?.id;
      after = `?after=${next}`;
    }
  }

  /** What management says of it. */
  async #look(slot: Slot): Promise<void> {
    if (!slot.door) return;
    const answer = await this.#manage(slot, { method: 'GET', path: `${SELF}/${slot.door.id}` });
    if (!answer) return;
    const { name, state } = answer.status === 200 ? parsed<{ name: string; state: string }>(answer) : {};
    if (name !== slot.door.name || state !== 'ready') this.#wrong(slot, `is ${answer.status} ${answer.body.slice(0, 300)}`);
  }

  /** At the end every account has the clusters that it knows of and no other. */
  async check(slots: readonly Slot[]): Promise<void> {
    await this.#settleStranded();
    const byToken = Map.groupBy(slots, (slot) => slot.account.token);
    for (const mine of byToken.values()) {
      const wanted = mine.flatMap((slot) => (slot.door ? [slot.door.name] : [])).sort();
      const found: string[] = [];
      let after = '';
      for (;;) {
        const answer = await this.#manage(mine[0], { method: 'GET', path: `${SELF}${after}` });
        if (!answer) continue;
        const { items, next } = parsed<{ items: { name: string }[]; next?: string }>(answer);
        found.push(...items.map(({ name }) => name));
        if (next === undefined) break;
        after = `?after=${next}`;
      }
      if (found.sort().join() !== wanted.join()) this.#wrong(mine[0], `has ${found}, and knows of ${wanted}`);
      await this.#accounted(mine);
    }
  }

  /** The account's usage is that of its clusters, of those that are gone too. Clusters tell it now and then. */
  async #accounted(mine: readonly Slot[]): Promise<void> {
    const sum = { ...(this.#gone.get(mine[0].account.token) ?? { requests: 0, writes: 0 }) };
    for (const slot of mine) {
      const used = slot.door && (await this.#usage(slot, slot.door.id));
      sum.requests += used?.requests ?? 0;
      sum.writes += used?.writes ?? 0;
    }
    const end = performance.now() + TOLD_MS;
    for (;;) {
      const answer = await this.#manage(mine[0], { method: 'GET', path: '/v1/accounts/self/usage?limit=1' });
      const totals = answer?.status === 200 ? parsed<{ totals: Figures }>(answer).totals : undefined;
      if (totals?.requests === sum.requests && totals.writes === sum.writes) return;
      if (performance.now() > end) {
        const wrong = `the account used ${JSON.stringify(totals)} by ${answer?.status}, and its clusters ${JSON.stringify(sum)}`;
        return this.#wrong(mine[0], wrong);
      }
      await pause(WAIT_MS);
    }
  }
}
