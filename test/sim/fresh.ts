import { watchCacheOf } from '../../src/apiserver/streams/watch-cache.ts';
import { resourceAttributes } from '../../src/authz/attributes.ts';
import { Authorizer } from '../../src/authz/authorizer.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { freeAddress } from '../../src/kubelet/ip-pool.ts';
import { equal } from '../../src/lib/json.ts';
import { seeded } from '../fixtures/prng.ts';
import { usedPorts } from '../../src/network/ports.ts';
import { snapshotOf } from '../../src/scheduler/snapshot.ts';
import { nodeCrypto } from '../host/crypto.ts';
import { must } from './must.ts';
import type { World } from './world.ts';

/** Revisions of the log that are compared. */
const RECENT = 40;
const SOMEBODY = { username: 'eve', groups: ['system:authenticated', 'atoll:view'] };

/** What a cluster has in memory, as far as the database determines it. */
function derived({ registry, timers }: Cluster): Record<string, unknown> {
  const { store, view } = registry;
  const snapshot = snapshotOf(view);
  const authorizer = new Authorizer(view);
  const from = Math.max(store.compacted(), store.revision() - RECENT);
  const log = store.after(from);
  const resources = new Set(log.map((row) => row.resource));
  return {
    revision: store.revision(),
    compacted: store.compacted(),
    live: store.live(),
    log,
    lists: [...resources].map((resource) => view.list(resource)),
    heads: log.map(({ resource, namespace, name }) => [
      store.get(resource, namespace, name),
      view.get(resource, namespace, name),
    ]),
    bytes: [...new Map(log.map((row) => [row.resource, row.json]))].map(([resource, json]) => {
      // As lists are served: without kind and apiVersion, which every item has alike.
      const bytes = store.bytes({ resource }, json.indexOf('"metadata"'), () => ['[', ']']);
      return [resource, new TextDecoder().decode(bytes)];
    }),
    owned: log.flatMap(({ json }) => view.ownedBy(JSON.parse(json).metadata.uid).map(({ metadata }) => metadata.name)),
    nodes: snapshot.nodes.map(({ name, pods, requested }) => [
      name,
      [...pods.keys()].sort(),
      [...requested].filter(([, n]) => n !== 0).sort(),
    ]),
    ports: [...usedPorts(view)].sort(([a], [b]) => a - b),
    addresses: view.list('nodes').map((node) => [node.metadata.name, freeAddress(node.spec?.podCIDR, view)]),
    rights: ['get', 'create'].map((verb) => authorizer.authorize(resourceAttributes(SOMEBODY, verb, { resource: 'pods' }))),
    feed: [...resources].map((resource) => watchCacheOf(registry).since(resource, from)),
    timer: timers.next(),
  };
}

/** Nothing in memory differs from a cluster that is opened anew from the same database. */
export function checkFresh(world: World, after: string): void {
  const random = seeded(1);
  const fresh = Cluster.open({ sql: world.host.sql, random, crypto: nodeCrypto(random) });
  must(fresh, () => 'the cluster cannot be opened anew');
  const [here, there] = [derived(world.host.cluster), derived(fresh)];
  for (const name of Object.keys(here)) {
    const same = equal(here[name] as never, there[name] as never);
    must(same, () => `${after}: ${name} in memory is ${show(here[name])}, of a cluster opened anew ${show(there[name])}`);
  }
}

const show = (value: unknown): string => JSON.stringify(value).slice(0, 400);
