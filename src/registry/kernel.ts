import type { KindTable } from '../api/kinds.ts';
import { type Kind, type Resource, resourceOf, type StrategyContext } from '../api/machinery/define-kind.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { KubeObject } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Sync } from '../lib/sqlite-port.ts';
import type { Row } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { encode, ownersOf } from './encode.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { StoreView } from './store-view.ts';

export interface KernelDeps {
  kinds: () => KindTable;
  store: Store;
  random: Random;
  /** Verifies signatures of what clients send; absent: they are believed. */
  verifyBytes?: Crypto['verifyBytes'];
}

/** A live object and the row that holds it. The object is shared: never change it. */
export interface Live {
  object: KubeObject;
  row: Row;
}

/** The base of all steps of a write: transactions, append and remove, and the caches that follow them. */
export class Kernel {
  readonly #kinds: () => KindTable;
  readonly store: Store;
  readonly view: StoreView;
  readonly random: Random;
  readonly #verifyBytes: Crypto['verifyBytes'] | undefined;
  /** The text of the object to be appended, if it was computed before. */
  #text: { object: KubeObject; revision: number; json: string } | undefined;

  constructor({ kinds, store, random, verifyBytes }: KernelDeps) {
    this.#verifyBytes = verifyBytes;
    this.#kinds = kinds;
    this.store = store;
    this.random = random;
    this.view = new StoreView(store, kinds);
  }

  /** The kinds that the cluster serves now. */
  get kinds(): KindTable {
    return this.#kinds();
  }

  /** Runs `fn` as one transaction: all or nothing. Nested calls are part of the outer one, but roll back alone. */
  transaction<T>(fn: () => Sync<T>): T {
    return this.store.transaction(fn);
  }

  /** The live object of that name. */
  live(resource: Resource, namespace: string, name: string): Live | undefined {
    const row = this.store.get(resource, namespace, name);
    return row && { object: this.view.decode(row), row };
  }

  /** The text that `object` would have at rest if it was appended now. It must not change between this and its appending. */
  text(object: KubeObject): string {
    const revision = this.store.revision() + 1;
    if (this.#text?.object === object && this.#text.revision === revision) return this.#text.json;
    const json = encode({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
    this.#text = { object, revision, json };
    return json;
  }

  /** Writes a new state; its resourceVersion becomes the new revision. Returns its text. */
  append(kind: Kind, object: KubeObject, old: KubeObject | undefined, prev?: number): string {
    const resource = resourceOf(kind);
    const { name, namespace = '' } = object.metadata;
    const revision = this.store.revision() + 1;
    const text = this.#text;
    this.#text = undefined;
    object.metadata.resourceVersion = String(revision);
    const json = text?.object === object && text.revision === revision ? text.json : encode(object);
    const owners = ownersOf(object);
    const had = old ? ownersOf(old) : [];
    const fresh = had.length ? owners.filter((uid) => !had.includes(uid)) : owners;
    this.store.put(resource, namespace, name, revision, json, fresh, prev);
    const former = had.filter((uid) => !owners.includes(uid));
    if (former.length) this.store.disown(resource, namespace, name, former);
    this.view.changed(resource, revision, object, old, json.length);
    return json;
  }

  /** Removes an object: a tombstone with its last state, which is returned. */
  remove(kind: Kind, live: KubeObject, final = live): KubeObject {
    const resource = resourceOf(kind);
    const { name, namespace = '' } = live.metadata;
    const revision = this.store.revision() + 1;
    const last: KubeObject = { ...final, metadata: { ...final.metadata, resourceVersion: String(revision) } };
    const json = encode(last);
    this.store.remove(resource, namespace, name, revision, json, ownersOf(live));
    this.view.remember(revision, last, json.length);
    this.view.changed(resource, revision, undefined, live, json.length);
    return last;
  }

  /** The context of the strategy functions of a kind. */
  context(now: number, subresource?: string, apiVersion?: string, user?: UserInfo): StrategyContext {
    return {
      now,
      random: this.random,
      verifyBytes: this.#verifyBytes,
      subresource,
      apiVersion,
      user,
      get: (resource, namespace, name) => this.view.get(resource, namespace, name),
      list: (resource, namespace) => this.view.list(resource, namespace),
    };
  }
}
