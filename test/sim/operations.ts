import type { Obj } from '../../src/lib/json.ts';
import type { World } from './world.ts';

/** What clients of a world do. A refusal (404, 409, 422 ...) is an answer like any other; a 5xx is not. */
function ask(world: World, method: string, url: string, body?: Obj, headers?: Record<string, string>): Obj & { code: number } {
  const answer = world.host.request(method, url, body, headers);
  if (answer.status >= 500) throw new Error(`${method} ${url}: ${answer.text}`);
  return { ...answer.body, code: answer.status };
}

const namespaceOf = (world: World) => world.pick([...world.model.namespaces]);
const template = (app: string, image: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }] },
});
const merge = { 'content-type': 'application/merge-patch+json' };

function anyOf(world: World, resource: string): { url: string; object: Obj } | undefined {
  const [group, plural] = resource.includes('/') ? resource.split('/') : ['', resource];
  const base = group ? `/apis/${group}/v1` : '/api/v1';
  const items: Obj[] = world.host.request('GET', `${base}/${plural}`).body.items;
  if (!items.length) return undefined;
  const object = world.pick(items);
  return { url: `${base}/namespaces/${object.metadata.namespace}/${plural}/${object.metadata.name}`, object };
}

function createDeployment(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('web')];
  const strategy = world.chance(0.3)
    ? { type: 'Recreate' }
    : { rollingUpdate: { maxSurge: world.int(3), maxUnavailable: 1 + world.int(2) } };
  ask(world, 'POST', `/apis/apps/v1/namespaces/${ns}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: world.int(6),
      minReadySeconds: world.pick([0, 0, 5]),
      strategy,
      selector: { matchLabels: { app: name } },
      template: template(name, 'nginx:1'),
    },
  });
}

function scaleDeployment(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  if (found) ask(world, 'PATCH', `${found.url}/scale`, { spec: { replicas: world.int(7) } }, merge);
}

function updateImage(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  if (!found) return;
  found.object.spec.template.spec.containers[0].image = `nginx:${world.int(4)}`;
  ask(world, 'PUT', found.url, { apiVersion: 'apps/v1', kind: 'Deployment', ...found.object });
}

function pauseDeployment(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  if (found) ask(world, 'PATCH', found.url, { spec: { paused: world.chance(0.5) } }, merge);
}

function deleteWorkload(world: World): void {
  const found = anyOf(world, world.pick(['apps/deployments', 'apps/replicasets', 'replicationcontrollers']));
  if (found) ask(world, 'DELETE', found.url, { propagationPolicy: world.pick(['Background', 'Foreground', 'Orphan']) });
}

function deletePod(world: World): void {
  const found = anyOf(world, 'pods');
  if (found) ask(world, 'DELETE', found.url, world.chance(0.3) ? { gracePeriodSeconds: 0 } : undefined);
}

function relabelPod(world: World): void {
  const found = anyOf(world, 'pods');
  if (found)
    ask(
      world,
      'PATCH',
      found.url,
      { metadata: { labels: { app: world.pick(['stray', found.object.metadata.labels?.app ?? 'x']) } } },
      merge,
    );
}

function createController(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('rc')];
  ask(world, 'POST', `/api/v1/namespaces/${ns}/replicationcontrollers`, {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name },
    spec: { replicas: world.int(4), selector: { app: name }, template: template(name, 'mysql') },
  });
}

function createPod(world: World): void {
  const spec: Obj = {
    containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: world.pick(['100m', '1', '40']) } } }],
  };
  if (world.chance(0.2)) spec.nodeSelector = { disk: 'nowhere' };
  if (world.chance(0.2)) spec.tolerations = [{ operator: 'Exists' }];
  ask(world, 'POST', `/api/v1/namespaces/${namespaceOf(world)}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: world.fresh('solo') },
    spec,
  });
}

function createService(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  const ns = found?.object.metadata.namespace ?? 'default';
  ask(world, 'POST', `/api/v1/namespaces/${ns}/services`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: world.fresh('svc') },
    spec: {
      type: world.pick(['ClusterIP', 'NodePort']),
      selector: { app: found?.object.metadata.name ?? 'none' },
      ports: [{ port: 80 }],
    },
  });
}

function deleteService(world: World): void {
  const found = anyOf(world, 'services');
  if (found && found.object.metadata.name !== 'kubernetes') ask(world, 'DELETE', found.url);
}

function cordon(world: World): void {
  const name = `node-${world.int(3)}`;
  ask(world, 'PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable: world.chance(0.4) ? true : null } }, merge);
}

function drain(world: World): void {
  const node = `node-${world.int(3)}`;
  ask(world, 'PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: true } }, merge);
  const pods: Obj[] = world.host.request('GET', `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`).body.items;
  for (const { metadata } of pods.slice(0, 4)) {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name, namespace: metadata.namespace } };
    ask(world, 'POST', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/eviction`, body);
  }
}

function taint(world: World): void {
  const taints = world.chance(0.5) ? [{ key: 'k', effect: world.pick(['NoSchedule', 'NoExecute']) }] : null;
  ask(world, 'PATCH', `/api/v1/nodes/node-${world.int(3)}`, { spec: { taints } }, merge);
}

function createNamespace(world: World): void {
  const name = world.fresh('ns');
  if (ask(world, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }).code === 201)
    world.model.namespaces.add(name);
}

function deleteNamespace(world: World): void {
  const name = namespaceOf(world);
  if (name === 'default' || ask(world, 'DELETE', `/api/v1/namespaces/${name}`).code >= 300) return;
  world.model.namespaces.delete(name);
  for (const key of world.model.configMaps.keys()) if (key.startsWith(`${name}/`)) world.model.configMaps.delete(key);
}

function writeConfigMap(world: World): void {
  const [ns, data] = [namespaceOf(world), { n: String(world.int(1000)) }];
  const known = [...world.model.configMaps.keys()].filter((k) => k.startsWith(`${ns}/`));
  const name = known.length && world.chance(0.6) ? world.pick(known).split('/')[1] : world.fresh('conf');
  const url = `/api/v1/namespaces/${ns}/configmaps`;
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const way = known.includes(`${ns}/${name}`) ? world.pick(['PUT', 'PATCH']) : world.pick(['POST', 'APPLY']);
  const answer =
    way === 'POST'
      ? ask(world, 'POST', url, body)
      : way === 'APPLY'
        ? ask(world, 'PATCH', `${url}/${name}?fieldManager=sim&force=true`, body, apply)
        : ask(world, way, `${url}/${name}`, body, way === 'PATCH' ? merge : undefined);
  if (answer.code < 300) world.model.configMaps.set(`${ns}/${name}`, data);
}

function deleteConfigMap(world: World): void {
  if (!world.model.configMaps.size) return;
  const key = world.pick([...world.model.configMaps.keys()]);
  const [ns, name] = key.split('/');
  if (ask(world, 'DELETE', `/api/v1/namespaces/${ns}/configmaps/${name}`).code < 300) world.model.configMaps.delete(key);
}

function dryRun(world: World): void {
  const found = anyOf(world, world.pick(['apps/deployments', 'pods', 'services']));
  if (found) ask(world, 'DELETE', `${found.url}?dryRun=All`);
  ask(world, 'POST', '/api/v1/namespaces/default/configmaps?dryRun=All', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'never' },
  });
}

function nothing(world: World): void {
  world.host.now += world.int(10_000);
}

export const OPERATIONS: readonly ((world: World) => void)[] = [
  createDeployment,
  createDeployment,
  scaleDeployment,
  scaleDeployment,
  updateImage,
  updateImage,
  pauseDeployment,
  deleteWorkload,
  deletePod,
  relabelPod,
  createController,
  createPod,
  createService,
  deleteService,
  cordon,
  drain,
  taint,
  createNamespace,
  deleteNamespace,
  writeConfigMap,
  writeConfigMap,
  writeConfigMap,
  deleteConfigMap,
  dryRun,
  nothing,
];
