import type { Obj } from '../../src/lib/json.ts';
import { ask, merge, urlOf } from './ask.ts';
import { HOLD } from './ledger.ts';
import type { World } from './world.ts';

const SIMULATE = 'atoll.dev/simulate';
const TEMPLATES = ['apps/deployments', 'apps/replicasets', 'replicationcontrollers', 'apps/statefulsets', 'apps/daemonsets'];

/**
 * Before a world comes to rest: what would go on for ever (containers that crash, images that cannot be pulled, quotas that
 * refuse) ends, and who holds something lets go. Nodes stay as they are, mostly mended.
 */
export function heal(world: World): void {
  world.disk.failed();
  // Pods that were relabelled a moment ago are let go of first: below they are strays.
  world.host.settle();
  for (const resource of TEMPLATES) {
    for (const { object } of each(world, resource)) {
      if (!object.spec.template.metadata.annotations?.[SIMULATE]) continue;
      const spec: Obj = { template: { metadata: { annotations: { [SIMULATE]: null } } } };
      // Below a partition, pods would be made from the old template again.
      if (resource === 'apps/statefulsets') spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
      ask(world, 'PATCH', address(resource, object), { spec }, merge);
    }
  }
  // What starts by itself would never come to rest.
  for (const { object } of each(world, 'batch/cronjobs'))
    ask(world, 'PATCH', address('batch/cronjobs', object), { spec: { suspend: true } }, merge);
  for (const { object } of each(world, 'pods')) {
    const { name, finalizers, annotations, uid } = object.metadata;
    world.ledger.released.add(uid);
    const url = address('pods', object);
    const others = finalizers?.filter((finalizer) => finalizer !== HOLD);
    if (others?.length !== finalizers?.length)
      ask(world, 'PATCH', url, { metadata: { finalizers: others?.length ? others : null } }, merge);
    // A pod that was taken out of its StatefulSet holds a name that the set tries to use for ever.
    const stray = name.startsWith('db-') && object.metadata.ownerReferences?.[0]?.kind !== 'StatefulSet';
    if (stray || annotations?.[SIMULATE]) ask(world, 'DELETE', url);
  }
  for (const { object } of each(world, 'secrets')) {
    if (!object.metadata.finalizers?.includes(HOLD)) continue;
    world.ledger.released.add(object.metadata.uid);
    ask(world, 'PATCH', address('secrets', object), { metadata: { finalizers: null } }, merge);
  }
  for (const { object } of each(world, 'resourcequotas')) ask(world, 'DELETE', address('resourcequotas', object));
  world.mended = world.chance(0.7);
  if (!world.mended) return;
  for (const { object } of each(world, 'nodes'))
    ask(world, 'PATCH', address('nodes', object), { spec: { taints: null, unschedulable: null } }, merge);
}

function each(world: World, resource: string) {
  world.ledger.read();
  return [...world.ledger.live(resource).values()];
}

const address = (resource: string, { metadata }: { metadata: { namespace?: string; name: string } }): string =>
  urlOf(resource, metadata.namespace, metadata.name);
