import type { Obj } from '../../src/lib/json.ts';
import { must } from './must.ts';
import { keyOf } from './watcher.ts';
import type { World } from './world.ts';

const objects = (world: World, resource: string): Obj[] => [...world.ledger.live(resource).values()].map((e) => e.object);
const ended = (pod: Obj): boolean => ['Succeeded', 'Failed'].includes(pod.status?.phase);
const going = (object: Obj): boolean => object.metadata.deletionTimestamp !== undefined;
const ready = (pod: Obj): boolean => pod.status?.conditions?.some((c: Obj) => c.type === 'Ready' && c.status === 'True') ?? false;
const controls = (owner: Obj, object: Obj): boolean =>
  object.metadata.ownerReferences?.some((r: Obj) => r.controller && r.uid === owner.metadata.uid) ?? false;
const selects = (selector: Obj | undefined, object: Obj): boolean =>
  selector !== undefined && Object.entries(selector).every(([key, value]) => object.metadata.labels?.[key] === value);

function count(what: string, of: Obj, said: number | undefined, is: number): void {
  must((said ?? 0) === is, () => `${of.kind} ${keyOf(of)} says ${said} ${what}, there are ${is}`);
}

/** What every status says is so, also while things are broken, held or refused. */
export function checkCounts(world: World): void {
  const pods = objects(world, 'pods');
  for (const set of [...objects(world, 'apps/replicasets'), ...objects(world, 'replicationcontrollers')]) {
    const mine = pods.filter((p) => controls(set, p) && !ended(p));
    const active = mine.filter((p) => !going(p));
    count('pods', set, set.status?.replicas, active.length);
    count('ready pods', set, set.status?.readyReplicas, active.filter(ready).length);
    if (set.kind !== 'ReplicaSet') continue;
    const selected = mine.filter((p) => going(p) && selects(set.spec.selector.matchLabels, p));
    count('terminating pods', set, set.status?.terminatingReplicas, selected.length);
  }
  const sets = objects(world, 'apps/replicasets');
  for (const deployment of objects(world, 'apps/deployments')) {
    const mine = sets.filter((s) => controls(deployment, s));
    const total = mine.reduce((n, s) => n + pods.filter((p) => controls(s, p) && !ended(p) && !going(p)).length, 0);
    count('pods', deployment, deployment.status?.replicas, total);
    const { generation } = deployment.metadata;
    must(
      going(deployment) || deployment.status?.observedGeneration === generation,
      () => `${keyOf(deployment)} was not observed`,
    );
  }
  for (const budget of objects(world, 'policy/poddisruptionbudgets')) {
    const mine = pods.filter(
      (p) => p.metadata.namespace === budget.metadata.namespace && selects(budget.spec.selector.matchLabels, p),
    );
    const healthy = mine.filter((p) => ready(p) && !going(p) && !budget.status?.disruptedPods?.[p.metadata.name]);
    const failed = budget.status?.conditions?.some((c: Obj) => c.reason === 'SyncFailed');
    if (!failed) count('healthy pods', budget, budget.status?.currentHealthy, healthy.length);
  }
  for (const quota of objects(world, 'resourcequotas')) {
    const mine = pods.filter((p) => p.metadata.namespace === quota.metadata.namespace && !ended(p));
    const used = Number(quota.status?.used?.pods);
    // Pods that outlive their grace period are not counted.
    const least = mine.filter((p) => !going(p)).length;
    must(used >= least && used <= mine.length, () => `quota ${keyOf(quota)} says ${used} of ${mine.length} pods`);
  }
  endpoints(world, pods);
}

/** Slices and Endpoints name the ready pods of a Service, and no other; slices none whose node is missing. */
function endpoints(world: World, pods: Obj[]): void {
  const nodes = new Set(objects(world, 'nodes').map((n) => n.metadata.name));
  const slices = objects(world, 'discovery.k8s.io/endpointslices');
  const old = world.ledger.live('endpoints');
  for (const service of objects(world, 'services')) {
    const { namespace, name } = service.metadata;
    if (!service.spec.selector) continue;
    const mine = pods.filter(
      (p) => p.metadata.namespace === namespace && selects(service.spec.selector, p) && !ended(p) && p.status?.podIP,
    );
    const serving = mine.filter((p) => service.spec.publishNotReadyAddresses || (!going(p) && ready(p)));
    const due = serving.map((p) => p.status.podIP).sort();
    const placed = serving
      .filter((p) => nodes.has(p.spec.nodeName))
      .map((p) => p.status.podIP)
      .sort();
    const shown = slices
      .filter((s) => s.metadata.namespace === namespace && s.metadata.labels?.['kubernetes.io/service-name'] === name)
      .flatMap((s) => s.endpoints ?? [])
      .filter((e: Obj) => e.conditions?.ready !== false)
      .flatMap((e: Obj) => e.addresses)
      .sort();
    if (going(service) || namespaceGoes(world, namespace)) continue;
    if (!service.spec.publishNotReadyAddresses)
      must(String(shown) === String(placed), () => `slices of ${keyOf(service)} have ${shown}, its ready pods ${placed}`);
    const subsets: Obj[] = (old.get(`${namespace}/${name}`)?.object as Obj | undefined)?.subsets ?? [];
    const listed = subsets
      .flatMap((s) => s.addresses ?? [])
      .map((a: Obj) => a.ip)
      .sort();
    must(String(listed) === String(due), () => `Endpoints of ${keyOf(service)} have ${listed}, its ready pods ${due}`);
  }
}

const namespaceGoes = (world: World, namespace: string): boolean =>
  world.ledger.live('namespaces').get(`/${namespace}`)?.object.metadata.deletionTimestamp !== undefined;

/** At rest every controller has what it wants. */
export function checkControllers(world: World): void {
  const pods = objects(world, 'pods').filter((p) => !ended(p));
  for (const set of [...objects(world, 'apps/replicasets'), ...objects(world, 'replicationcontrollers')]) {
    count('wanted pods', set, set.spec.replicas, pods.filter((p) => controls(set, p)).length);
  }
  statefulSets(world, pods);
  daemonSets(world, pods);
  for (const { object } of world.ledger.live('namespaces').values()) {
    const { name } = object.metadata;
    must(world.ledger.live('serviceaccounts').has(`${name}/default`), () => `namespace ${name} has no default ServiceAccount`);
    must(world.ledger.live('configmaps').has(`${name}/kube-root-ca.crt`), () => `namespace ${name} has no kube-root-ca.crt`);
  }
  if (!world.mended) return;
  for (const deployment of objects(world, 'apps/deployments')) {
    // Two sets that a client scaled by itself are left alone by Recreate, as upstream leaves them.
    const active = objects(world, 'apps/replicasets').filter((s) => controls(deployment, s) && s.spec.replicas > 0);
    if (deployment.spec.paused || (deployment.spec.strategy.type === 'Recreate' && active.length > 1)) continue;
    for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas', 'replicas'])
      count(field, deployment, deployment.status[field], deployment.spec.replicas);
  }
}

function statefulSets(world: World, pods: Obj[]): void {
  for (const set of objects(world, 'apps/statefulsets')) {
    const own = pods.filter((p) => controls(set, p));
    const names = own.map((p) => p.metadata.name);
    // In order (monotonic in stateful_set_control.go): what is too many goes only when all that stay are ready.
    const waits = set.spec.podManagementPolicy !== 'Parallel' && !own.every(ready);
    const due = Array.from({ length: set.spec.replicas }, (_, i) => `${set.metadata.name}-${i}`);
    // Nobody here binds claims to volumes.
    const whole = world.mended && !set.spec.volumeClaimTemplates;
    must(
      (waits || names.every((n) => due.includes(n))) && (!whole || names.length === due.length),
      () => `StatefulSet ${keyOf(set)} has ${names}, it wants ${due}`,
    );
    if (whole) count('ready pods', set, set.status?.readyReplicas, due.length);
  }
}

function daemonSets(world: World, pods: Obj[]): void {
  const nodes = objects(world, 'nodes');
  for (const set of objects(world, 'apps/daemonsets')) {
    const wanted = set.spec.template.spec.nodeSelector;
    const due = nodes.filter((n) => !n.spec.taints?.some((t: Obj) => t.key === 'k') && (!wanted || selects(wanted, n)));
    const there = pods
      .filter((p) => controls(set, p))
      .map((p) => p.spec.nodeName)
      .sort();
    const names = due.map((n) => n.metadata.name).sort();
    if (world.mended)
      must(String(there) === String(names), () => `DaemonSet ${keyOf(set)} is on ${there}, it belongs on ${names}`);
  }
}
