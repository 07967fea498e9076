import { equal, type Obj } from '../../../src/lib/json.ts';
import { CONTINUE_TTL_MS } from '../../../src/registry/limits.ts';
import { ask, urlOf } from '../ask.ts';
import type { Entry } from '../ledger.ts';
import type { World } from '../world.ts';

const LISTED = ['pods', 'configmaps', 'apps/deployments', 'apps/replicasets', 'events', 'secrets'];

function compare(what: string, items: Obj[], due: Entry[]): void {
  const [got, want] = [items.map((i) => `${i.metadata.namespace ?? ''}/${i.metadata.name}`), due.map((e) => e.key)];
  if (!equal(got, want)) throw new Error(`${what} shows ${got.join(' ')}; there were ${want.join(' ')}`);
  for (const [i, item] of items.entries()) {
    const { kind: _, apiVersion: __, ...rest } = due[i].object as Obj;
    if (!equal(item, rest)) throw new Error(`${what} shows ${JSON.stringify(item)}, it was ${due[i].json}`);
  }
}

/** The list as it was, for any revision that is kept; 410 before that. */
export function listThen(world: World): void {
  const resource = world.pick(LISTED);
  world.ledger.read();
  const { store } = world.host.cluster.registry;
  const oldest = Math.max(1, store.compacted() - 5);
  const revision = oldest + world.int(store.revision() - oldest + 1);
  const front = resource === 'pods' && world.chance(0.5);
  const selector = front ? '&labelSelector=tier%3Dfront' : '';
  const url = `${urlOf(resource)}?resourceVersion=${revision}&resourceVersionMatch=Exact${selector}`;
  const answer = ask(world, 'GET', url);
  if (revision < store.compacted()) {
    if (answer.code !== 410) throw new Error(`${url} was answered with ${answer.code}, history begins at ${store.compacted()}`);
    return;
  }
  if (answer.code !== 200) throw new Error(`${url}: ${answer.message}`);
  const due = world.ledger.at(resource, revision).filter((e) => !front || e.object.metadata.labels?.tier === 'front');
  compare(url, answer.items, due);
}

/** Somebody who reads a list page by page while the world goes on. */
export class Reader {
  readonly #resource: string;
  readonly #limit: number;
  readonly #items: Obj[] = [];
  #token = '';
  #revision = 0;
  #since = 0;

  constructor(world: World) {
    this.#resource = world.pick(LISTED);
    this.#limit = 1 + world.int(6);
  }

  /** Takes one page more; true when it was the last. */
  next(world: World): boolean {
    if (!this.#token) this.#since = world.host.now;
    const url = `${urlOf(this.#resource)}?limit=${this.#limit}${this.#token ? `&continue=${this.#token}` : ''}`;
    const answer = ask(world, 'GET', url);
    const { store } = world.host.cluster.registry;
    if (answer.code === 410) {
      const aged = world.host.now - this.#since > CONTINUE_TTL_MS;
      if (!aged && this.#revision >= store.compacted())
        throw new Error(`${url} is expired; history begins at ${store.compacted()}`);
      return true;
    }
    if (answer.code !== 200) throw new Error(`${url}: ${answer.message}`);
    this.#items.push(...answer.items);
    const revision = Number(answer.metadata.resourceVersion);
    if (this.#revision && this.#revision !== revision)
      throw new Error(`${url} shows ${revision}, the page before ${this.#revision}`);
    this.#revision = revision;
    world.ledger.read();
    const due = world.ledger.at(this.#resource, revision);
    const left = due.length - this.#items.length;
    if ((answer.metadata.remainingItemCount ?? 0) !== left)
      throw new Error(
        `${url} says that ${answer.metadata.remainingItemCount} remain of ${due.length} after ${this.#items.length}`,
      );
    this.#token = answer.metadata.continue ?? '';
    if (this.#token) return false;
    compare(url, this.#items, due);
    return true;
  }
}

export function readPages(world: World): void {
  world.readers.push(new Reader(world));
}
