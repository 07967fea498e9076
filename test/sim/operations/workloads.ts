import type { Obj } from '../../../src/lib/json.ts';
import { anyOf, apply, ask, merge, namespaceOf, template, urlOf } from '../ask.ts';
import type { World } from '../world.ts';

const WORKLOADS = [
  'apps/deployments',
  'apps/deployments',
  'apps/replicasets',
  'replicationcontrollers',
  'apps/statefulsets',
  'apps/daemonsets',
];

export function createDeployment(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('web')];
  const strategy = world.chance(0.3)
    ? { type: 'Recreate' }
    : { rollingUpdate: { maxSurge: world.int(3), maxUnavailable: 1 + world.int(2) } };
  const spec = {
    replicas: world.int(6),
    minReadySeconds: world.pick([0, 0, 5]),
    strategy,
    selector: { matchLabels: { app: name } },
    template: template(world, name, 'nginx:1'),
  };
  ask(world, 'POST', urlOf('apps/deployments', ns), { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec });
}

export function scaleWorkload(world: World): void {
  const found = anyOf(world, world.pick(WORKLOADS.slice(0, 5)));
  if (found) ask(world, 'PATCH', `${found.url}/scale`, { spec: { replicas: world.int(6) } }, merge);
}

export function updateImage(world: World): void {
  const found = anyOf(world, world.pick(['apps/deployments', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets']));
  if (!found) return;
  found.object.spec.template.spec.containers[0].image = `nginx:${world.int(4)}`;
  const { resourceVersion } = found.object.metadata;
  // A version that is no longer the live one must be refused, whatever it changes.
  const stale =
    world.chance(0.2) && ask(world, 'PATCH', found.url, { metadata: { annotations: { n: world.fresh('v') } } }, merge).code < 300;
  if (!stale && world.chance(0.5)) delete found.object.metadata.resourceVersion;
  const { code } = ask(world, 'PUT', found.url, found.object);
  if (stale && code !== 409 && code < 500)
    throw new Error(`PUT ${found.url} at ${resourceVersion}, which was not the live one: ${code}`);
}

export function pauseDeployment(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  if (found) ask(world, 'PATCH', found.url, { spec: { paused: world.chance(0.4) } }, merge);
}

/** Two managers of one Deployment: one says the image, an autoscaler the size. */
export function applyDeployment(world: World): void {
  const found = anyOf(world, 'apps/deployments');
  if (!found) return;
  const { name, namespace } = found.object.metadata;
  const spec = world.chance(0.5)
    ? { replicas: world.int(5) }
    : { template: { spec: { containers: [{ name: 'c', image: `nginx:${world.int(4)}` }] } } };
  const url = `${found.url}?fieldManager=${world.pick(['hpa', 'ci'])}&force=${world.chance(0.5)}`;
  ask(world, 'PATCH', url, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec }, apply);
}

export function deleteWorkload(world: World): void {
  const found = anyOf(world, world.pick(WORKLOADS));
  if (!found) return;
  const propagationPolicy = world.pick(['Background', 'Foreground', 'Orphan']);
  // A second deletion replaces the policy of the first (rest/delete.go deletionFinalizersForGarbageCollection).
  if (propagationPolicy !== 'Foreground') world.ledger.lifted.add(found.object.metadata.uid);
  ask(world, 'DELETE', found.url, { propagationPolicy });
}

export function createController(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('rc')];
  const spec = { replicas: world.int(4), selector: { app: name }, template: template(world, name, 'mysql') };
  const body = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name }, spec };
  ask(world, 'POST', urlOf('replicationcontrollers', ns), body);
}

export function createStatefulSet(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('db')];
  const spec: Obj = {
    serviceName: name,
    replicas: world.int(4),
    podManagementPolicy: world.pick(['OrderedReady', 'Parallel']),
    updateStrategy: world.chance(0.3) ? { type: 'OnDelete' } : { rollingUpdate: { partition: world.int(2) } },
    selector: { matchLabels: { app: name } },
    template: template(world, name, 'mysql'),
  };
  if (world.chance(0.3)) {
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    spec.volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: claim }];
    spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: world.pick(['Retain', 'Delete']) };
  }
  ask(world, 'POST', urlOf('apps/statefulsets', ns), { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name }, spec });
}

export function createDaemonSet(world: World): void {
  const [ns, name] = [namespaceOf(world), world.fresh('agent')];
  const model = template(world, name, 'agent');
  if (world.chance(0.3)) model.spec.nodeSelector = { disk: 'fast' };
  const updateStrategy = world.chance(0.3) ? { type: 'OnDelete' } : { rollingUpdate: { maxUnavailable: 1 + world.int(2) } };
  const spec = { selector: { matchLabels: { app: name } }, updateStrategy, template: model };
  ask(world, 'POST', urlOf('apps/daemonsets', ns), { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name }, spec });
}
