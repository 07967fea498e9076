import { equal, type Obj } from '../../src/lib/json.ts';
import { keyOf } from './watcher.ts';
import type { World } from './world.ts';

function must(condition: unknown, message: () => string): asserts condition {
  if (!condition) throw new Error(message());
}

const items = (world: World, path: string): Obj[] => world.host.request('GET', path).body.items;

/** What holds after every step, at rest or not. */
export function checkAlways(world: World): void {
  const { store } = world.host.cluster.registry;
  must(
    store.revision() >= world.model.lastRevision,
    () => `the revision went back from ${world.model.lastRevision} to ${store.revision()}`,
  );
  world.model.lastRevision = store.revision();
  for (const watcher of world.watchers) watcher.take();
}

/** What holds at rest. */
export function checkQuiet(world: World): void {
  acknowledged(world);
  log(world);
  watchers(world);
  ownership(world);
  counts(world);
  fixedPoint(world);
  timers(world);
}

function acknowledged(world: World): void {
  for (const [key, data] of world.model.configMaps) {
    const [ns, name] = key.split('/');
    const answer = world.host.request('GET', `/api/v1/namespaces/${ns}/configmaps/${name}`);
    must(
      answer.status === 200 && equal(answer.body.data, data),
      () => `ConfigMap ${key} was acknowledged as ${JSON.stringify(data)}: ${answer.text}`,
    );
  }
  for (const object of items(world, '/api/v1/configmaps')) {
    if (object.metadata.name === 'kube-root-ca.crt' || object.metadata.namespace === 'kube-system') continue;
    must(world.model.configMaps.has(keyOf(object)), () => `ConfigMap ${keyOf(object)} was deleted, or never written`);
  }
  const alive = new Set(items(world, '/api/v1/namespaces').map((n) => n.metadata.name));
  for (const name of world.model.namespaces) must(alive.has(name), () => `namespace ${name} is lost`);
  for (const name of alive)
    must(world.model.namespaces.has(name) || name.startsWith('kube-'), () => `namespace ${name} did not go away`);
}

function log(world: World): void {
  const { store } = world.host.cluster.registry;
  let last = store.compacted();
  for (const row of store.after(last)) {
    must(row.rev > last, () => `revision ${row.rev} after ${last}`);
    must(
      JSON.parse(row.json).metadata.resourceVersion === String(row.rev),
      () => `${row.resource}/${row.name} says another revision than ${row.rev}`,
    );
    last = row.rev;
  }
}

function watchers(world: World): void {
  world.host.cluster.flush(world.host.now);
  for (const watcher of world.watchers) {
    watcher.take();
    const list = items(world, watcher.path);
    must(
      list.length === watcher.state.size,
      () => `watcher of ${watcher.path} has ${watcher.state.size} objects, the list ${list.length}`,
    );
    for (const object of list) {
      const seen = watcher.state.get(keyOf(object));
      const same = seen && seen.metadata.resourceVersion === object.metadata.resourceVersion;
      must(
        same,
        () =>
          `watcher of ${watcher.path} has ${keyOf(object)} at ${seen?.metadata.resourceVersion}, the list at ${object.metadata.resourceVersion}`,
      );
    }
  }
}

function ownership(world: World): void {
  const all = [
    '/api/v1/pods',
    '/apis/apps/v1/replicasets',
    '/apis/apps/v1/deployments',
    '/api/v1/replicationcontrollers',
    '/api/v1/services',
    '/apis/discovery.k8s.io/v1/endpointslices',
  ].flatMap((path) => items(world, path));
  const uids = new Set(all.map((o) => o.metadata.uid));
  for (const object of all) {
    must(!object.metadata.deletionTimestamp, () => `${keyOf(object)} is still being deleted`);
    const refs: Obj[] = object.metadata.ownerReferences ?? [];
    const known = refs.filter((r) => r.kind !== 'Node');
    must(
      known.every((r) => uids.has(r.uid)),
      () => `${keyOf(object)} has an owner that is gone: ${JSON.stringify(refs)}`,
    );
    must(refs.filter((r) => r.controller).length <= 1, () => `${keyOf(object)} has two controllers`);
  }
}

function counts(world: World): void {
  const pods = items(world, '/api/v1/pods').filter((p) => !['Succeeded', 'Failed'].includes(p.status.phase));
  const owned = (uid: string) => pods.filter((p) => p.metadata.ownerReferences?.some((r: Obj) => r.controller && r.uid === uid));
  const ips = pods.filter((p) => p.status.podIP && !p.spec.hostNetwork).map((p) => p.status.podIP);
  must(new Set(ips).size === ips.length, () => 'two pods share an address');
  const sets = items(world, '/apis/apps/v1/replicasets');
  for (const set of [...sets, ...items(world, '/api/v1/replicationcontrollers')]) {
    const mine = owned(set.metadata.uid);
    must(mine.length === set.spec.replicas, () => `${keyOf(set)} wants ${set.spec.replicas} pods and has ${mine.length}`);
    must((set.status.replicas ?? 0) === mine.length, () => `${keyOf(set)} counts ${set.status.replicas} pods of ${mine.length}`);
    const ready = mine.filter((p) => p.status.conditions?.some((c: Obj) => c.type === 'Ready' && c.status === 'True')).length;
    must(
      (set.status.readyReplicas ?? 0) === ready,
      () => `${keyOf(set)} counts ${set.status.readyReplicas} ready pods of ${ready}`,
    );
  }
  for (const deployment of items(world, '/apis/apps/v1/deployments')) {
    const mine = sets.filter((s) => s.metadata.ownerReferences?.some((r: Obj) => r.uid === deployment.metadata.uid));
    const total = mine.reduce((n, s) => n + owned(s.metadata.uid).length, 0);
    must(
      (deployment.status.replicas ?? 0) === total,
      () => `${keyOf(deployment)} counts ${deployment.status.replicas} pods of ${total}`,
    );
    must(deployment.status.observedGeneration === deployment.metadata.generation, () => `${keyOf(deployment)} was not observed`);
  }
}

/** Looking at everything again changes nothing. */
function fixedPoint(world: World): void {
  const { cluster, now } = world.host;
  const before = cluster.registry.store.revision();
  cluster.reconciler.resync();
  cluster.drain(now);
  const after = cluster.registry.store.after(before);
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
  const { cluster, now, sql } = world.host;
  const before = JSON.stringify(cluster.timers.all());
  sql.run('DELETE FROM timers');
  cluster.reconciler.resync();
  cluster.drain(now);
  const after = JSON.stringify(cluster.timers.all());
  must(before === after, () => `timers were ${before}, derived are ${after}`);
}
