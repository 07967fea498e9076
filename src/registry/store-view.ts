import { type Kind, resourceOf, type Resource } from '../api/machinery/define-kind.ts';
import { parseStored } from '../api/machinery/numerals.ts';
import type { KindTable } from '../api/kinds.ts';
import type { KubeObject } from '../lib/json.ts';
import { DECODED_MEMO_BYTES } from './limits.ts';
import type { Row } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { ownersOf } from './encode.ts';
import { ViewIndexes } from './view-index.ts';
import type { Change, IndexDefinition, View } from './view.ts';

interface CachedList {
  /** In (namespace, name) order. Handed out as it is: replaced, not changed, once `shared`. */
  objects: KubeObject[];
  shared: boolean;
}

const keyOf = (object: KubeObject) => `${object.metadata.namespace ?? ''}\0${object.metadata.name}`;

/**
 * Synchronous reads, always fresh: this process is the only writer, so a decoded object is valid for its revision. Everything
 * cached here may be dropped at any time, is bounded in bytes of stored text, and is filled by use, so a cold cluster wakes as
 * fast with many objects as with few. Objects are shared: never change them.
 */
export class StoreView implements View {
  readonly #store: Store;
  readonly #kinds: () => KindTable;
  /** Two generations instead of a list of uses: objects read from the old one move to the young one. */
  #young = new Map<number, KubeObject>();
  #old = new Map<number, KubeObject>();
  #youngBytes = 0;
  readonly #lists = new Map<string, CachedList>();
  readonly #pinned = new Map<KubeObject, { lists: number; bytes: number }>();
  #pinnedBytes = 0;
  readonly #indexes = new ViewIndexes(this);

  constructor(store: Store, kinds: () => KindTable) {
    this.#store = store;
    this.#kinds = kinds;
    store.keepInStep(this);
  }

  get revision(): number {
    return this.#store.revision();
  }

  get kinds(): readonly Kind[] {
    return this.#kinds().stored;
  }

  get(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    const revision = this.#store.head(resource, namespace, name);
    if (revision === undefined) return undefined;
    const known = this.#young.get(revision) ?? this.#old.get(revision);
    if (known) return known;
    const row = this.#store.get(resource, namespace, name);
    return row && this.decode(row);
  }

  /** The object of a row; decoded once per revision. */
  decode(row: Row): KubeObject {
    const young = this.#young.get(row.rev);
    if (young) return young;
    const object = this.#old.get(row.rev) ?? (parseStored(row.json) as KubeObject);
    this.remember(row.rev, object, row.json.length);
    return object;
  }

  /** Caches an object that is known to equal a revision's text. */
  remember(revision: number, object: KubeObject, bytes: number): void {
    this.#young.set(revision, object);
    this.#youngBytes += bytes;
    if (this.#youngBytes < DECODED_MEMO_BYTES / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  list(resource: Resource, namespace?: string): KubeObject[] {
    return this.#cached(`l\0${resource}\0${namespace || '*'}`, () =>
      this.#store.list({ resource, ...(namespace && { namespace }) }),
    );
  }

  /** Live objects that name the owner, of one resource or of all. */
  ownedBy(uid: string, resource?: Resource): KubeObject[] {
    if (resource === undefined) return this.#store.ownedBy(uid).map((row) => this.decode(row));
    return this.#cached(`o\0${resource}\0${uid}`, () => this.#store.ownedBy(uid, resource));
  }

  /** Dependents that are not terminating: terminating ones are many when all are deleted. */
  ownedNotDeleting(uid: string, limit: number): KubeObject[] {
    const found: KubeObject[] = [];
    for (const resource of this.#store.resourcesOwnedBy(uid)) {
      for (const object of this.ownedBy(uid, resource)) {
        if (found.length >= limit) return found;
        if (!object.metadata.deletionTimestamp) found.push(object);
      }
    }
    return found;
  }

  #cached(key: string, rows: () => Row[]): KubeObject[] {
    const known = this.#lists.get(key);
    if (known) {
      known.shared = true;
      return known.objects;
    }
    const list: CachedList = { objects: [], shared: true };
    let bytes = 0;
    for (const row of rows()) {
      list.objects.push(this.decode(row));
      bytes += row.json.length;
    }
    // What is too big to keep is answered all the same.
    if (bytes > DECODED_MEMO_BYTES) return list.objects;
    for (const object of list.objects) this.#pin(object, bytes / list.objects.length);
    if (this.#pinnedBytes > DECODED_MEMO_BYTES) {
      this.#dropLists();
      for (const object of list.objects) this.#pin(object, bytes / list.objects.length);
    }
    this.#lists.set(key, list);
    return list.objects;
  }

  /** Lists share their objects: each is counted once. */
  #pin(object: KubeObject, bytes: number): void {
    const pinned = this.#pinned.get(object);
    if (pinned) pinned.lists++;
    else {
      this.#pinned.set(object, { lists: 1, bytes });
      this.#pinnedBytes += bytes;
    }
  }

  #unpin(object: KubeObject): void {
    const pinned = this.#pinned.get(object);
    if (!pinned || --pinned.lists > 0) return;
    this.#pinned.delete(object);
    this.#pinnedBytes -= pinned.bytes;
  }

  #dropLists(): void {
    this.#lists.clear();
    this.#pinned.clear();
    this.#pinnedBytes = 0;
  }

  resourceOf(apiVersion: string, kind: string): { resource: Resource; namespaced: boolean } | undefined {
    const found = this.#kinds().byGVK(apiVersion, kind);
    return found && { resource: resourceOf(found.kind), namespaced: found.kind.namespaced };
  }

  index<S>(definition: IndexDefinition<S>): S {
    return this.#indexes.read(definition);
  }

  get compacted(): number {
    return this.#store.compacted();
  }

  since(revision: number, wanted?: (resource: Resource) => boolean): Change[] | undefined {
    if (revision < this.#store.compacted()) return undefined;
    const rows = this.#store.after(revision);
    return (wanted ? rows.filter((row) => wanted(row.resource)) : rows).map((row) => ({
      revision: row.rev,
      resource: row.resource,
      type: row.type,
      object: this.decode(row),
      old: this.#previous(row.prev),
    }));
  }

  #previous(revision: number | undefined): KubeObject | undefined {
    if (revision === undefined) return undefined;
    const known = this.#young.get(revision) ?? this.#old.get(revision);
    if (known) return known;
    const row = this.#store.at(revision);
    return row && this.decode(row);
  }

  /** Updates the caches; called for every appended row. `object` is undefined for a deletion. */
  changed(
    resource: Resource,
    revision: number,
    object: KubeObject | undefined,
    old: KubeObject | undefined,
    bytes: number,
  ): void {
    if (object) this.remember(revision, object, bytes);
    const any = (object ?? old) as KubeObject;
    this.#change(`l\0${resource}\0*`, any, object, bytes);
    if (any.metadata.namespace) this.#change(`l\0${resource}\0${any.metadata.namespace}`, any, object, bytes);
    const owners = object ? ownersOf(object) : [];
    for (const uid of owners) this.#change(`o\0${resource}\0${uid}`, any, object, bytes);
    if (old)
      for (const uid of ownersOf(old)) if (!owners.includes(uid)) this.#change(`o\0${resource}\0${uid}`, any, undefined, bytes);
  }

  #change(key: string, any: KubeObject, object: KubeObject | undefined, bytes: number): void {
    const list = this.#lists.get(key);
    if (!list) return;
    const { at, found } = place(list.objects, keyOf(any));
    if (!object && !found) return;
    if (list.shared) {
      list.objects = list.objects.slice();
      list.shared = false;
    }
    if (found) this.#unpin(list.objects[at] as KubeObject);
    if (!object) {
      list.objects.splice(at, 1);
      return;
    }
    if (found) list.objects[at] = object;
    else list.objects.splice(at, 0, object);
    this.#pin(object, bytes);
    if (this.#pinnedBytes > DECODED_MEMO_BYTES) this.#dropLists();
  }

  /** The point at which a transaction begins (Store.keepInStep). */
  mark(): number {
    return this.#indexes.mark();
  }

  /**
   * Drops the cached states of a transaction that was rolled back: revisions beyond this one will be given again to other
   * states.
   */
  rollback(mark: number, revision: number, appended: boolean): void {
    this.#indexes.rollback(mark, revision);
    if (!appended) return;
    for (const memo of [this.#young, this.#old]) for (const known of memo.keys()) if (known > revision) memo.delete(known);
    this.#dropLists();
  }
}

function place(objects: readonly KubeObject[], key: string): { at: number; found: boolean } {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(objects[middle] as KubeObject) < key) low = middle + 1;
    else high = middle;
  }
  return { at: low, found: low < objects.length && keyOf(objects[low] as KubeObject) === key };
}
