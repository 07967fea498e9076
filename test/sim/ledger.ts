import type { KubeObject, Obj } from '../../src/lib/json.ts';
import { EVENT_TTL_MS } from '../../src/store/limits.ts';
import type { TestCluster } from '../host/make-cluster.ts';

/** One row of the log as it was when it was first seen; `object` is parsed when asked for. */
export class Entry {
  readonly rev: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: string;
  readonly key: string;
  readonly json: string;
  /** The state before; undefined for ADDED. */
  readonly old: Entry | undefined;
  #object: KubeObject | undefined;

  constructor(row: Raw, old: Entry | undefined) {
    this.rev = row.rev;
    this.type = (['ADDED', 'MODIFIED', 'DELETED'] as const)[row.type];
    this.resource = row.resource;
    this.key = `${row.namespace}/${row.name}`;
    this.json = row.json;
    this.old = old;
  }

  get object(): KubeObject {
    this.#object ??= JSON.parse(this.json) as KubeObject;
    return this.#object;
  }
}

/** A finalizer that only the clients of a world take away. */
export const HOLD = 'sim.dev/hold';

type Raw = { rev: number; type: number; resource: string; namespace: string; name: string; prev: number | null; json: string };

const ended = (pod: Obj): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

function must(condition: unknown, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}

/**
 * A second book of everything that was ever written, kept by reading the database after every step: compaction does not touch
 * it, so that it can say what a list at an old revision and a watch from there must be. What holds of every single change is
 * checked on entry.
 */
export class Ledger {
  readonly entries: Entry[] = [];
  /** resource -> namespace/name -> the live state. */
  readonly heads = new Map<string, Map<string, Entry>>();
  readonly #uids = new Map<string, string>();
  /** address -> who has it, and the other way round. */
  readonly #addresses = new Map<string, string>();
  readonly #holders = new Map<string, string>();
  /** A quota that counts a pod which has not come yet. */
  #owed: string | undefined;
  /** uids of what was held and was let go of. */
  readonly released = new Set<string>();
  /** Uids whose foreground deletion a client turned into another: they wait for nobody any more. */
  readonly lifted = new Set<string>();
  readonly #host: TestCluster;

  constructor(host: TestCluster) {
    this.#host = host;
    this.read();
  }

  get revision(): number {
    return this.entries.at(-1)?.rev ?? 0;
  }

  /** The change of a revision. */
  revised(revision: number): Entry | undefined {
    return this.entries[revision - (this.entries[0]?.rev ?? 0)];
  }

  live(resource: string): Map<string, Entry> {
    let known = this.heads.get(resource);
    if (!known) {
      known = new Map();
      this.heads.set(resource, known);
    }
    return known;
  }

  /** Every live state of every resource. */
  *all(): Generator<Entry> {
    for (const known of this.heads.values()) yield* known.values();
  }

  /** Takes over what was committed since the last time. */
  read(): void {
    const rows = this.#host.sql.all<Raw>(
      'SELECT rev, type, resource, namespace, name, prev, json FROM log WHERE rev > ? ORDER BY rev',
      this.revision,
    );
    for (const row of rows) this.#enter(row);
    must(!this.#owed, () => `the quota ${this.#owed} counts a pod that did not come`);
  }

  /** A quota is charged for a pod in the transaction that brings the pod, just before it. */
  #charge({ resource, type, key, object, old }: Entry): void {
    const { namespace } = object.metadata;
    if (resource === 'resourcequotas') {
      const used = Number((object as Obj).status?.used?.pods ?? 0);
      if (used <= Number((old?.object as Obj | undefined)?.status?.used?.pods ?? 0)) return;
      const pods = [...this.live('pods').values()].filter(
        (pod) => pod.object.metadata.namespace === namespace && !ended(pod.object),
      );
      if (used > pods.length) this.#owed = key;
      return;
    }
    const paid = resource === 'pods' && type === 'ADDED' && this.#owed?.startsWith(`${namespace}/`);
    must(!this.#owed || paid, () => `the quota ${this.#owed} counts a pod that did not come`);
    this.#owed = undefined;
  }

  #enter(row: Raw): void {
    const what = `${row.resource} ${row.namespace}/${row.name} at ${row.rev}`;
    const last = this.revision;
    must(row.rev === last + 1 || last === 0, () => `revision ${row.rev} follows ${last}`);
    const live = this.live(row.resource);
    const old = live.get(`${row.namespace}/${row.name}`);
    // What was written before a world began may have been compacted by nobody: its history is all here.
    must(row.prev === (old?.rev ?? null), () => `${what} says that it follows ${row.prev}, it follows ${old?.rev}`);
    must((row.type === 0) === (old === undefined), () => `${what} has the type ${row.type}`);
    const entry = new Entry(row, old);
    this.entries.push(entry);
    this.#change(entry, what);
    if (entry.type === 'DELETED') live.delete(entry.key);
    else live.set(entry.key, entry);
    this.#contents(entry, what);
    this.#charge(entry);
    if (row.resource === 'events' && entry.type === 'DELETED') this.#expired(entry, what);
    if (row.resource === 'pods') this.#pod(entry, what);
    if (row.resource === 'services') this.#claim(entry, `service ${entry.object.spec.clusterIP ?? 'None'}`, what);
  }

  /** Two states of one object. */
  #change({ object, old, type }: Entry, what: string): void {
    const { metadata } = object;
    must(metadata.resourceVersion === what.slice(what.lastIndexOf(' ') + 1), () => `${what} says ${metadata.resourceVersion}`);
    if (!old) {
      must(!this.#uids.has(metadata.uid), () => `${what} has the uid of ${this.#uids.get(metadata.uid)}`);
      this.#uids.set(metadata.uid, what);
      return;
    }
    const before = old.object.metadata;
    must(metadata.uid === before.uid, () => `${what} changed its uid`);
    must(metadata.creationTimestamp === before.creationTimestamp, () => `${what} changed its creationTimestamp`);
    must((metadata.generation ?? 0) >= (before.generation ?? 0), () => `the generation of ${what} went back`);
    must(metadata.deletionTimestamp || !before.deletionTimestamp, () => `${what} is not being deleted any more`);
    if (type === 'DELETED') {
      const held = before.finalizers?.includes(HOLD) && !this.released.has(metadata.uid);
      must(!held, () => `${what} went, and somebody held it`);
      const waits = before.finalizers?.includes('foregroundDeletion') && !this.lifted.has(before.uid);
      if (waits) this.#foreground(before.uid, what);
      return;
    }
    const held = Boolean(metadata.finalizers?.length || metadata.deletionGracePeriodSeconds || object.spec?.finalizers?.length);
    must(!metadata.deletionTimestamp || held, () => `${what} waits for nothing`);
  }

  /** Who is deleted in the foreground goes after those who block. */
  #foreground(uid: string, what: string): void {
    for (const { object, key } of this.all()) {
      const blocks = object.metadata.ownerReferences?.some((ref) => ref.uid === uid && ref.blockOwnerDeletion);
      must(!blocks, () => `${what} went before ${key}, which blocks it`);
    }
  }

  /** A namespace is there before what it holds, and goes after it. */
  #contents({ resource, type, key, object }: Entry, what: string): void {
    const { namespace } = object.metadata;
    if (namespace && type === 'ADDED') {
      const home = this.live('namespaces').get(`/${namespace}`)?.object;
      must(home, () => `${what} has no namespace`);
      must(!home.metadata.deletionTimestamp, () => `${what} came into a namespace that goes`);
    }
    // Nobody but the namespace's end takes this one away, and pods go first.
    if (resource === 'configmaps' && type === 'DELETED' && key.endsWith('/kube-root-ca.crt')) {
      const [left] = [...this.live('pods').keys()].filter((pod) => pod.startsWith(`${namespace}/`));
      must(left === undefined, () => `${what} went before pod ${left}`);
    }
    if (resource !== 'namespaces' || type !== 'DELETED') return;
    for (const [name, heads] of this.heads) {
      for (const left of heads.keys()) must(!left.startsWith(`${key.slice(1)}/`), () => `${what} went before ${name} ${left}`);
    }
  }

  #pod(entry: Entry, what: string): void {
    const [now, before] = [entry.object, entry.old?.object];
    if (before?.spec.nodeName) must(before.spec.nodeName === now.spec.nodeName, () => `${what} moved to another node`);
    if (before && ended(before)) must(ended(now), () => `${what} lives again`);
    if (!before) this.#wanted(now, what);
    if (now.spec.nodeName && !before?.spec.nodeName) this.#bound(now, what);
    const address = now.spec.hostNetwork || !now.status?.podIP || ended(now) ? undefined : `address ${now.status.podIP}`;
    const former = before?.status?.podIP;
    if (former && !now.spec.hostNetwork && !ended(before)) {
      const kept = address === `address ${former}` || ended(now) || entry.type === 'DELETED';
      must(kept, () => `${what} lost its address ${former}`);
    }
    this.#claim(entry, address, what);
  }

  /** Nobody here deletes Events: they go with their namespace, or an hour after they were last said. */
  #expired({ old }: Entry, what: string): void {
    const said = Math.max(...timesOf(old?.object as Obj));
    const { namespace } = (old as Entry).object.metadata;
    const goes = this.live('namespaces').get(`/${namespace}`)?.object.metadata.deletionTimestamp;
    const age = this.#host.now - said;
    must(goes || age > EVENT_TTL_MS - 60_000, () => `${what} went ${age} ms after it was said`);
  }

  /** A pod comes only to a node that takes it. */
  #bound({ spec }: Obj, what: string): void {
    const node: Obj | undefined = this.live('nodes').get(`/${spec.nodeName}`)?.object;
    must(node, () => `${what} is bound to ${spec.nodeName}, which is not there`);
    const tolerates = (taint: Obj) =>
      spec.tolerations?.some((t: Obj) => !t.key || (t.key === taint.key && t.operator === 'Exists'));
    const [taint] = (node.spec.taints ?? []).filter((t: Obj) => t.effect !== 'PreferNoSchedule' && !tolerates(t));
    must(!taint, () => `${what} is bound to ${spec.nodeName}, which is tainted with ${JSON.stringify(taint)}`);
    for (const [label, value] of Object.entries(spec.nodeSelector ?? {}))
      must(
        node.metadata.labels?.[label] === value,
        () => `${what} is bound to ${spec.nodeName}, which has not ${label}=${value}`,
      );
    const large = spec.containers.some((c: Obj) => c.resources?.requests?.cpu === '40');
    must(!large, () => `${what} is bound to ${spec.nodeName}, which is too small`);
  }

  /** A set never makes more pods than it wants, not even for a moment. */
  #wanted(pod: Obj, what: string): void {
    const ref = pod.metadata.ownerReferences?.find((r: Obj) => r.controller);
    const resource =
      ref && { ReplicaSet: 'apps/replicasets', ReplicationController: 'replicationcontrollers' }[ref.kind as string];
    const set: Obj | undefined = resource && this.live(resource).get(`${pod.metadata.namespace}/${ref.name}`)?.object;
    if (!set || set.metadata.uid !== ref.uid) return;
    const active = [...this.live('pods').values()].filter(
      ({ object: o }) => !o.metadata.deletionTimestamp && !ended(o) && o.metadata.ownerReferences?.some((r) => r.uid === ref.uid),
    ).length;
    must(active <= set.spec.replicas, () => `${what} is one of ${active} pods of ${ref.name}, which wants ${set.spec.replicas}`);
  }

  /** Addresses have one holder at a time. */
  #claim({ type, resource, key }: Entry, address: string | undefined, what: string): void {
    const holder = `${resource} ${key}`;
    if (type === 'DELETED' || address === undefined) {
      const held = this.#holders.get(holder);
      if (held === undefined) return;
      this.#holders.delete(holder);
      this.#addresses.delete(held);
      return;
    }
    if (address.endsWith('None')) return;
    const other = this.#addresses.get(address);
    must(other === undefined || other === holder, () => `${what} has the ${address} of ${other}`);
    this.#addresses.set(address, holder);
    this.#holders.set(holder, address);
  }

  /** The states of a resource at a revision, in the order of a list. */
  at(resource: string, revision: number): Entry[] {
    const states = new Map<string, Entry>(this.live(resource));
    for (let i = this.entries.length - 1; i >= 0 && this.entries[i].rev > revision; i--) {
      const entry = this.entries[i];
      if (entry.resource !== resource) continue;
      if (entry.old) states.set(entry.key, entry.old);
      else states.delete(entry.key);
    }
    return [...states.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  /** Changes of a resource after a revision, oldest first. */
  *after(resource: string, revision: number): Generator<Entry> {
    const first = this.entries[0]?.rev ?? 1;
    for (let i = Math.max(0, revision + 1 - first); i < this.entries.length; i++) {
      if (this.entries[i].resource === resource) yield this.entries[i];
    }
  }
}

/** When an Event was said. */
export function timesOf({ metadata, lastTimestamp, eventTime, series }: Obj): number[] {
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime];
  return times.map((time) => (time ? Date.parse(time) : 0));
}

/** Namespace, then name: not the same as the order of "namespace/name" as one text. */
function compareKeys(a: string, b: string): number {
  const [[an, am], [bn, bm]] = [a.split('/'), b.split('/')];
  return an === bn ? (am < bm ? -1 : 1) : an < bn ? -1 : 1;
}
