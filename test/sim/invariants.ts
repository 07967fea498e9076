import { timersIn } from '../host/timers-in.ts';
import { checkConcurrency, checkJobs } from './jobs.ts';
import { must } from './must.ts';
import { equal, type Obj } from '../../src/lib/json.ts';
import { EVENT_TTL_MS, CHECKPOINT_SPACING_MS } from '../../src/store/limits.ts';
import { textAt } from '../../src/store/export.ts';
import type { LogRow } from '../../src/store/rows.ts';
import { checkControllers, checkCounts } from './satisfied.ts';
import { checkPairs, checkStorage, isProtected } from './storage.ts';
import { type Entry, timesOf } from './ledger.ts';
import { keyOf } from './watcher.ts';
import type { World } from './world.ts';

/** What holds after every step, at rest or not. */
export function checkAlways(world: World): void {
  const { store } = world.host.cluster.registry;
  must(
    store.revision() >= world.model.lastRevision,
    () => `the revision went back from ${world.model.lastRevision} to ${store.revision()}`,
  );
  world.model.lastRevision = store.revision();
  world.ledger.read();
  must(
    store.revision() === world.ledger.revision,
    () => `the store is at ${store.revision()}, its log at ${world.ledger.revision}`,
  );
  for (const watcher of world.watchers) watcher.take();
  checkConcurrency(world);
  memory(world);
}

/** What the process remembers of a few keys, written lately or not, is what was written. */
function memory(world: World): void {
  const { entries } = world.ledger;
  const { store, view } = world.host.cluster.registry;
  for (let i = 0; i < 6; i++) {
    const { resource, object } = i < 4 ? entries[Math.max(0, entries.length - 1 - world.int(40))] : world.pick(entries);
    const { namespace = '', name } = object.metadata;
    const live = world.ledger.live(resource).get(`${namespace}/${name}`);
    must(
      store.get(resource, namespace, name)?.json === live?.json,
      () => `get of ${resource} ${namespace}/${name} is not its last state`,
    );
    must(
      equal(view.get(resource, namespace, name), live?.object),
      () => `the decoded ${resource} ${namespace}/${name} is another`,
    );
  }
  const from = Math.max(store.compacted(), store.revision() - world.int(30));
  const due = entries.slice(entries.length - (store.revision() - from));
  const seen = store.after(from);
  const same = seen.length === due.length && seen.every((row, i) => row.rev === due[i].rev && row.json === due[i].json);
  must(same, () => `the changes after ${from} are ${seen.map((r) => r.rev)}`);
}

/** What holds whenever there is nothing left to do, whatever is broken. */
export function checkSettled(world: World): void {
  world.host.cluster.flush(world.host.now);
  for (const watcher of world.watchers) watcher.checkCurrent();
  checkCounts(world);
  checkJobs(world);
  checkPairs(world);
}

/** What holds at rest. */
export function checkQuiet(world: World): void {
  checkSettled(world);
  checkShared(world);
  database(world);
  acknowledged(world);
  ownership(world);
  checkControllers(world);
  checkStorage(world);
  fixedPoint(world);
  timers(world);
  forgotten(world);
}

/** The lists that controllers share were changed by nobody, and follow every write. */
function checkShared(world: World): void {
  const { view } = world.host.cluster.registry;
  for (const [resource, heads] of world.ledger.heads) {
    const list = view.list(resource);
    must(list.length === heads.size, () => `the view has ${list.length} ${resource} of ${heads.size}`);
    for (const object of list) {
      const head = heads.get(keyOf(object));
      must(equal(object, head?.object), () => `${resource} ${keyOf(object)} in the view: ${JSON.stringify(object)}`);
    }
  }
}

/** The tables that could be derived from the log are what follows from it; what is left of the log is what must be. */
function database(world: World): void {
  const { sql } = world.host;
  const { store } = world.host.cluster.registry;
  const heads = sql.all<{ line: string }>("SELECT resource || ' ' || namespace || '/' || name || ' ' || rev AS line FROM heads");
  const refs = sql.all<{ line: string }>("SELECT owner || ' ' || resource || ' ' || namespace || '/' || name AS line FROM refs");
  const live = [...world.ledger.all()];
  sameLines(
    'heads',
    heads,
    live.map((e) => `${e.resource} ${e.key} ${e.rev}`),
  );
  const owners = ({ object }: Entry): string[] => [
    ...new Set<string>((object.metadata.ownerReferences ?? []).map((r: Obj) => r.uid)),
  ];
  sameLines(
    'refs',
    refs,
    live.flatMap((e) => owners(e).map((uid) => `${uid} ${e.resource} ${e.key}`)),
  );
  const kept = sql.all<{ line: string }>('SELECT CAST(rev AS TEXT) AS line FROM log');
  const needed = new Set(live.map((e) => e.rev));
  for (const entry of world.ledger.entries) {
    if (entry.rev <= store.compacted()) continue;
    needed.add(entry.rev);
    if (entry.old) needed.add(entry.old.rev);
  }
  sameLines('log', kept, [...needed].map(String));
}

function sameLines(table: string, rows: { line: string }[], due: string[]): void {
  const there = new Set(rows.map((r) => r.line));
  const wanted = new Set(due);
  const [lost] = due.filter((line) => !there.has(line));
  const [surplus] = [...there].filter((line) => !wanted.has(line));
  must(lost === undefined && surplus === undefined, () => `table ${table}: lost ${lost}, too much ${surplus}`);
}

function acknowledged(world: World): void {
  const { configMaps, namespaces, unsure } = world.model;
  const live = world.ledger.live('configmaps');
  for (const [key, data] of configMaps) {
    if (unsure.has(key)) continue;
    const { object } = live.get(key) ?? {};
    must(
      object && !object.metadata.deletionTimestamp && equal((object as Obj).data ?? {}, data),
      () => `ConfigMap ${key} was acknowledged as ${JSON.stringify(data)}: ${JSON.stringify(object)}`,
    );
  }
  for (const { object, key } of live.values()) {
    if (object.metadata.name === 'kube-root-ca.crt' || object.metadata.namespace === 'kube-system') continue;
    must(configMaps.has(key), () => `ConfigMap ${key} was deleted, or never written`);
  }
  const alive = new Set([...world.ledger.live('namespaces').values()].map((e) => e.object.metadata.name));
  for (const name of namespaces) must(alive.has(name), () => `namespace ${name} is lost`);
  for (const name of alive) must(namespaces.has(name) || name.startsWith('kube-'), () => `namespace ${name} did not go away`);
}

/** Events go an hour after they were last said, give or take the checkpoints that date them, when alarms come in time. */
function forgotten(world: World): void {
  world.host.advance(EVENT_TTL_MS + 3 * CHECKPOINT_SPACING_MS);
  world.ledger.read();
  const oldest = world.host.now - EVENT_TTL_MS - 2 * CHECKPOINT_SPACING_MS - 60_000;
  for (const { object, key } of world.ledger.live('events').values()) {
    const said = Math.max(...timesOf(object as Obj));
    must(said >= oldest, () => `Event ${key} was said at ${new Date(said).toISOString()} and is still there`);
  }
}

function ownership(world: World): void {
  const live = [...world.ledger.all()];
  const uids = new Set(live.map((e) => e.object.metadata.uid));
  for (const { object, key, resource } of live) {
    must(
      !object.metadata.deletionTimestamp || isProtected(world, resource, object as Obj),
      () => `${resource} ${key} is still being deleted`,
    );
    if (resource === 'events') continue;
    const refs: Obj[] = object.metadata.ownerReferences ?? [];
    must(
      refs.every((r) => uids.has(r.uid)) || (object.metadata.deletionTimestamp && isProtected(world, resource, object as Obj)),
      () => `${resource} ${key} has an owner that is gone: ${JSON.stringify(refs)}`,
    );
    must(refs.filter((r) => r.controller).length <= 1, () => `${resource} ${key} has two controllers`);
  }
}

/**
 * Whether a row says no more than why a pod that fits nowhere still does. [SCH6] It is looked at again when it might fit: that a node was
 * cordoned meanwhile changes the sentence, and nobody writes that.
 */
function isOtherRefusal(world: World, { resource, json, prev }: LogRow): boolean {
  const object: Obj = JSON.parse(json);
  if (resource === 'events') return object.reason === 'FailedScheduling';
  if (resource !== 'pods' || prev === undefined) return false;
  const isRefusal = (c: Obj): boolean => c.type === 'PodScheduled' && c.reason === 'Unschedulable';
  const rest = ({ spec, status }: Obj): Obj => ({
    spec,
    status: { ...status, conditions: status.conditions?.map((c: Obj) => (isRefusal(c) ? 'refused' : c)) },
  });
  return equal(rest(object), rest(JSON.parse(textAt(world.host.sql, prev))));
}

/** Looking at everything again changes nothing. */
function fixedPoint(world: World): void {
  const { cluster, now } = world.host;
  const before = cluster.registry.store.revision();
  cluster.reconciler.resync();
  cluster.drain(now);
  const after = cluster.registry.store.after(before).filter((row) => !isOtherRefusal(world, row));
  must(
    !after.length,
    () =>
      `reconciling again writes: ${after
        .slice(0, 3)
        .map((r) => `${r.type} ${r.resource} ${r.namespace}/${r.name}`)
        .join('; ')}`,
  );
}

/** The timers table can be dropped and derived. */
function timers(world: World): void {
  const { now, sql } = world.host;
  const before = JSON.stringify(timersIn(sql));
  sql.run('DELETE FROM timers');
  world.host.crash();
  const again = world.host.cluster;
  again.reconciler.resync();
  again.drain(now);
  const after = JSON.stringify(timersIn(sql));
  must(before === after, () => `timers were ${before}, derived are ${after}`);
}
