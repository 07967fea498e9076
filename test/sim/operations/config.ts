import { equal, type Obj } from '../../../src/lib/json.ts';
import { anyOf, apply, ask, merge, namespaceOf, urlOf } from '../ask.ts';
import { HOLD } from '../ledger.ts';
import type { World } from '../world.ts';

const MAPS = 'configmaps';
const configMap = (name: string, data: Obj, more: Obj = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data,
});

function known(world: World, prefix: string): string[] {
  return [...world.model.configMaps.keys()].filter((key) => key.split('/')[1].startsWith(prefix));
}

function urlOfKey(key: string): string {
  const [ns, name] = key.split('/');
  return urlOf(MAPS, ns, name);
}

export function writeConfigMap(world: World): void {
  const data = { n: String(world.int(1000)) };
  const there = known(world, 'conf');
  if (there.length && world.chance(0.6)) {
    const key = world.pick(there);
    const way = world.pick(['PUT', 'PATCH']);
    const answer = ask(world, way, urlOfKey(key), configMap(key.split('/')[1], data), way === 'PATCH' ? merge : undefined);
    if (answer.code < 300) world.model.configMaps.set(key, data);
    return;
  }
  const [ns, name] = [namespaceOf(world), world.fresh('conf')];
  const answer = world.chance(0.5)
    ? ask(world, 'POST', urlOf(MAPS, ns), configMap(name, data))
    : ask(world, 'PATCH', `${urlOf(MAPS, ns, name)}?fieldManager=sim&force=true`, configMap(name, data), apply);
  if (answer.code < 300) world.model.configMaps.set(`${ns}/${name}`, data);
}

export function deleteConfigMap(world: World): void {
  const there = known(world, 'conf');
  if (!there.length) return;
  const key = world.pick(there);
  if (ask(world, 'DELETE', urlOfKey(key)).code < 300) world.model.configMaps.delete(key);
}

/** Whoever writes or deletes at a version that has passed is refused. */
export function staleWrite(world: World): void {
  const there = known(world, 'conf');
  if (!there.length) return;
  const key = world.pick(there);
  const url = urlOfKey(key);
  const old = ask(world, 'GET', url);
  if (old.code !== 200) throw new Error(`GET ${url}: ${JSON.stringify(old)}`);
  const data = { n: `${old.data?.n}+` };
  if (ask(world, 'PATCH', url, { data }, merge).code >= 300) return;
  world.model.configMaps.set(key, data);
  const { resourceVersion } = old.metadata;
  const preconditions = { resourceVersion };
  const answer = world.chance(0.5)
    ? ask(world, 'PUT', url, configMap(key.split('/')[1], { n: 'stale' }, { resourceVersion }))
    : ask(world, 'DELETE', url, { preconditions });
  if (answer.code !== 409) throw new Error(`a write of ${key} at ${resourceVersion} was answered with ${answer.code}`);
}

/** Two managers apply parts of one object; what each may do is told by who owns what. */
export function applyTogether(world: World): void {
  const there = known(world, 'both');
  const key = there.length && world.chance(0.7) ? world.pick(there) : `${namespaceOf(world)}/${world.fresh('both')}`;
  const [manager, force] = [world.pick(['a', 'b']), world.chance(0.4)];
  const wanted: Obj = {};
  // Never nothing: an empty map is a field of its own, in upstream's books too.
  for (const field of ['x', 'y', 'z']) if (world.chance(0.4)) wanted[field] = String(world.int(3));
  if (!Object.keys(wanted).length) wanted[world.pick(['x', 'y', 'z'])] = String(world.int(3));
  const live: Obj = world.model.configMaps.get(key) ?? {};
  const owners = world.model.owners.get(key) ?? new Map<string, Set<string>>();
  const others = (field: string) => [...(owners.get(field) ?? [])].some((m) => m !== manager);
  const clash = Object.keys(wanted).some((f) => others(f) && live[f] !== wanted[f]);
  const answer = ask(
    world,
    'PATCH',
    `${urlOfKey(key)}?fieldManager=${manager}&force=${force}`,
    configMap(key.split('/')[1], wanted),
    apply,
  );
  if (answer.code >= 500) return;
  if (clash && !force) {
    if (answer.code !== 409) throw new Error(`a conflict about ${key} was answered with ${answer.code}`);
    return;
  }
  if (answer.code >= 300) throw new Error(`apply of ${key} was answered with ${answer.code}: ${answer.message}`);
  world.model.configMaps.set(key, applied(live, wanted, owners, manager));
  world.model.owners.set(key, owners);
}

function applied(live: Obj, wanted: Obj, owners: Map<string, Set<string>>, manager: string): Obj {
  const next = { ...live };
  for (const field of ['x', 'y', 'z']) {
    const holders = owners.get(field) ?? new Set<string>();
    if (field in wanted) {
      if (live[field] !== wanted[field]) holders.clear();
      holders.add(manager);
      next[field] = wanted[field];
    } else if (holders.delete(manager) && !holders.size) delete next[field];
    owners.set(field, holders);
  }
  return next;
}

/** An owner and what it owns, of kinds that have no controller: only the collector looks at them. */
export function createOwned(world: World): void {
  const ns = namespaceOf(world);
  const owner = world.fresh('owner');
  const made = ask(world, 'POST', urlOf(MAPS, ns), configMap(owner, {}));
  if (made.code >= 300) return;
  world.model.configMaps.set(`${ns}/${owner}`, {});
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: made.metadata.uid, blockOwnerDeletion: world.chance(0.5) };
  const other = known(world, 'owner').filter((key) => key.startsWith(`${ns}/`) && key !== `${ns}/${owner}`)[0];
  const refs = [ref];
  if (other && world.chance(0.4)) {
    const { metadata } = world.ledger.live(MAPS).get(other)?.object ?? { metadata: undefined };
    if (metadata && !metadata.deletionTimestamp) refs.push({ ...ref, name: metadata.name, uid: metadata.uid });
  }
  for (let i = world.int(3); i >= 0; i--) {
    const name = world.fresh('owned');
    const body = configMap(name, {}, { ownerReferences: refs });
    if (ask(world, 'POST', urlOf(MAPS, ns), body).code >= 300) continue;
    world.model.configMaps.set(`${ns}/${name}`, {});
    world.model.dependents.set(`${ns}/${name}`, { owners: new Set(refs.map((r) => `${ns}/${r.name}`)), policies: new Set() });
  }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: world.fresh('owned'), ownerReferences: refs } };
  ask(world, 'POST', urlOf('secrets', ns), secret);
}

/** Somebody holds a Secret, which its namespace then waits for. */
export function holdSecret(world: World): void {
  const held = [...world.ledger.live('secrets').values()].filter(({ object }) => object.metadata.finalizers?.includes(HOLD));
  if (!held.length || world.chance(0.4)) {
    const metadata = { name: world.fresh('held'), finalizers: [HOLD] };
    ask(world, 'POST', urlOf('secrets', namespaceOf(world)), { apiVersion: 'v1', kind: 'Secret', metadata });
    return;
  }
  const { namespace, name, uid } = world.pick(held).object.metadata;
  if (world.chance(0.5)) return void ask(world, 'DELETE', urlOf('secrets', namespace, name));
  world.ledger.released.add(uid);
  ask(world, 'PATCH', urlOf('secrets', namespace, name), { metadata: { finalizers: null } }, merge);
}

/** Dependents go with their last owner, and stay when it was to leave them. */
export function deleteOwner(world: World): void {
  const there = known(world, 'owner');
  if (!there.length) return;
  const key = world.pick(there);
  const propagationPolicy = world.pick(['Background', 'Foreground', 'Orphan']);
  if (ask(world, 'DELETE', urlOfKey(key), { propagationPolicy }).code >= 300) return;
  world.model.configMaps.delete(key);
  for (const [dependent, { owners, policies }] of world.model.dependents) {
    if (!owners.delete(key)) continue;
    policies.add(propagationPolicy === 'Orphan');
    if (owners.size) continue;
    world.model.dependents.delete(dependent);
    // One owner says stay, the other go: which of them is heard first is nobody's promise.
    if (policies.size > 1) world.model.unsure.add(dependent);
    else if (propagationPolicy !== 'Orphan') world.model.configMaps.delete(dependent);
  }
}

/** Every verb leaves things as they are, also in memory. */
export function dryRun(world: World): void {
  const found = anyOf(world, world.pick(['apps/deployments', 'pods', 'services', MAPS]));
  if (found) {
    const before = ask(world, 'GET', found.url);
    ask(world, 'DELETE', `${found.url}?dryRun=All`);
    ask(world, 'PATCH', `${found.url}?dryRun=All`, { metadata: { labels: { dry: 'run' } } }, merge);
    if (!equal(ask(world, 'GET', found.url), before)) throw new Error(`a dry run changed ${found.url}`);
  }
  ask(world, 'POST', '/api/v1/namespaces/default/configmaps?dryRun=All', configMap('never', {}));
  if (ask(world, 'GET', '/api/v1/namespaces/default/configmaps/never').code !== 404) throw new Error('a dry run created');
}
