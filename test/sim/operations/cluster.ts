import type { Obj } from '../../../src/lib/json.ts';
import { anyOf, ask, merge, namespaceOf, urlOf } from '../ask.ts';
import type { World } from '../world.ts';

export function createService(world: World): void {
  const found = anyOf(world, world.pick(['apps/deployments', 'apps/statefulsets']));
  const spec: Obj = {
    type: world.pick(['ClusterIP', 'NodePort']),
    selector: world.chance(0.5) ? { tier: 'front' } : { app: found?.object.metadata.name ?? 'none' },
    ports: [{ port: 80 }],
  };
  if (world.chance(0.2)) Object.assign(spec, { type: 'ClusterIP', clusterIP: 'None' });
  if (world.chance(0.2)) spec.publishNotReadyAddresses = true;
  const url = urlOf('services', found?.object.metadata.namespace ?? 'default');
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: world.fresh('svc') }, spec };
  ask(world, 'POST', `${url}${world.chance(0.2) ? '?dryRun=All' : ''}`, body);
}

export function deleteService(world: World): void {
  const found = anyOf(world, 'services');
  if (found && found.object.metadata.name !== 'kubernetes') ask(world, 'DELETE', found.url);
}

export function cordon(world: World): void {
  const found = anyOf(world, 'nodes');
  if (found) ask(world, 'PATCH', found.url, { spec: { unschedulable: world.chance(0.4) ? true : null } }, merge);
}

export function labelNode(world: World): void {
  const found = anyOf(world, 'nodes');
  if (found) ask(world, 'PATCH', found.url, { metadata: { labels: { disk: world.pick(['fast', null]) } } }, merge);
}

export function drain(world: World): void {
  const node = anyOf(world, 'nodes');
  if (!node) return;
  ask(world, 'PATCH', node.url, { spec: { unschedulable: true } }, merge);
  const pods = [...world.ledger.live('pods').values()].filter((p) => p.object.spec.nodeName === node.object.metadata.name);
  for (const { object } of pods.slice(0, 4)) {
    const { name, namespace } = object.metadata;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    ask(world, 'POST', `${urlOf('pods', namespace, name)}/eviction`, body);
  }
}

export function taint(world: World): void {
  const taints = world.chance(0.5) ? [{ key: 'k', effect: world.pick(['NoSchedule', 'NoExecute']) }] : null;
  const found = anyOf(world, 'nodes');
  if (found) ask(world, 'PATCH', found.url, { spec: { taints } }, merge);
}

/** A node goes, with what runs there; another comes under a name that was used before, maybe before its pods have gone. */
export function replaceNode(world: World): void {
  const name = `node-${1 + world.int(3)}`;
  if (world.ledger.live('nodes').has(`/${name}`)) {
    ask(world, 'DELETE', urlOf('nodes', undefined, name));
    if (world.chance(0.5)) return;
  }
  const metadata = { name, annotations: { 'atoll.dev/virtual-node': 'true' }, labels: { 'kubernetes.io/hostname': name } };
  ask(world, 'POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata });
}

export function createNamespace(world: World): void {
  const name = world.fresh('ns');
  if (ask(world, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }).code === 201)
    world.model.namespaces.add(name);
}

export function deleteNamespace(world: World): void {
  const name = namespaceOf(world);
  if (name === 'default' || ask(world, 'DELETE', `/api/v1/namespaces/${name}`).code >= 300) return;
  world.model.namespaces.delete(name);
  for (const key of world.model.configMaps.keys()) if (key.startsWith(`${name}/`)) world.model.configMaps.delete(key);
}

export function createBudget(world: World): void {
  const spec: Obj = { selector: { matchLabels: { tier: world.pick(['front', 'back']) } } };
  Object.assign(
    spec,
    world.pick([{ minAvailable: 1 }, { maxUnavailable: 1 }, { maxUnavailable: '50%' }, { minAvailable: '100%' }]),
  );
  const body = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: world.fresh('pdb') }, spec };
  ask(world, 'POST', urlOf('policy/poddisruptionbudgets', namespaceOf(world)), body);
}

export function deleteBudget(world: World): void {
  const found = anyOf(world, 'policy/poddisruptionbudgets');
  if (found) ask(world, 'DELETE', found.url);
}

/** At most one for each namespace: creations beyond it are refused, and controllers go on when there is room again. */
export function quota(world: World): void {
  const url = urlOf('resourcequotas', namespaceOf(world));
  const known = world.chance(0.4) ? anyOf(world, 'resourcequotas') : undefined;
  if (known) {
    const body = { spec: { hard: { pods: String(world.int(10)) } } };
    if (world.chance(0.5)) ask(world, 'DELETE', known.url);
    else ask(world, 'PATCH', known.url, body, merge);
    return;
  }
  const hard = { pods: String(3 + world.int(6)), services: '3' };
  ask(world, 'POST', url, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: { hard } });
}

export function nothing(world: World): void {
  world.host.now += world.int(10_000);
}
