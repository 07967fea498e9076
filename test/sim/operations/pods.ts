import type { Obj } from '../../../src/lib/json.ts';
import { anyOf, ask, merge, namespaceOf, simulated, strategic, urlOf } from '../ask.ts';
import { HOLD } from '../ledger.ts';
import type { World } from '../world.ts';

export function createPod(world: World): void {
  const spec: Obj = {
    containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: world.pick(['100m', '1', '40']) } } }],
    restartPolicy: world.pick(['Always', 'OnFailure', 'Never']),
  };
  if (world.chance(0.2)) spec.nodeSelector = { disk: 'nowhere' };
  if (world.chance(0.2)) spec.tolerations = [{ operator: 'Exists' }];
  if (world.chance(0.1)) spec.hostNetwork = true;
  // Sometimes the very name that a StatefulSet wants.
  const set = world.chance(0.3) ? anyOf(world, 'apps/statefulsets')?.object.metadata : undefined;
  const name = set ? `${set.name}-${world.int(4)}` : world.fresh('solo');
  const metadata = { name, labels: { tier: world.pick(['front', 'back']) }, ...simulated(world) };
  ask(world, 'POST', urlOf('pods', set?.namespace ?? namespaceOf(world)), { apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

export function deletePod(world: World): void {
  const found = anyOf(world, 'pods');
  if (found) ask(world, 'DELETE', found.url, world.chance(0.3) ? { gracePeriodSeconds: 0 } : undefined);
}

/** Into another set's selector, out of one's own, and from one watch to another. */
export function relabelPod(world: World): void {
  const found = anyOf(world, 'pods');
  if (!found) return;
  const { app = null } = found.object.metadata.labels ?? {};
  const other = anyOf(world, 'pods')?.object.metadata.labels?.app ?? null;
  const labels = { app: world.pick(['stray', app, app, other]), tier: world.pick(['front', 'back', null]) };
  ask(world, 'PATCH', found.url, { metadata: { labels } }, merge);
}

/** Somebody holds a pod, or lets go of one: with its last finalizer a deleted pod goes. */
export function holdPod(world: World): void {
  const held = [...world.ledger.live('pods').values()].filter(({ object }) => object.metadata.finalizers?.includes(HOLD));
  if (held.length && world.chance(0.6)) {
    const { namespace, name, uid, finalizers } = world.pick(held).object.metadata;
    world.ledger.released.add(uid);
    const others = finalizers?.filter((finalizer) => finalizer !== HOLD);
    ask(world, 'PATCH', urlOf('pods', namespace, name), { metadata: { finalizers: others?.length ? others : null } }, merge);
    return;
  }
  const found = anyOf(world, 'pods');
  if (!found) return;
  const finalizers = [...new Set([...(found.object.metadata.finalizers ?? []), HOLD])];
  ask(world, 'PATCH', found.url, { metadata: { finalizers } }, merge);
  if (world.chance(0.7)) ask(world, 'DELETE', found.url);
}

export function annotatePod(world: World): void {
  const found = anyOf(world, 'pods');
  if (found) ask(world, 'PATCH', found.url, { metadata: { annotations: { n: world.fresh('v') } } }, strategic);
}

export function evict(world: World): void {
  const found = anyOf(world, 'pods');
  if (!found) return;
  const { name, namespace } = found.object.metadata;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const exhausted = budgetsOf(world, found.object);
  const { code } = ask(world, 'POST', `${found.url}/eviction${world.chance(0.2) ? '?dryRun=All' : ''}`, body);
  if (exhausted && code < 300) throw new Error(`${found.url} was evicted, though ${exhausted} allows none`);
}

/** The one budget that a ready pod is under, when it allows no eviction. */
function budgetsOf(world: World, { metadata, status }: Obj): string | undefined {
  const isReady = status?.conditions?.some((c: Obj) => c.type === 'Ready' && c.status === 'True');
  if (!isReady || status.phase !== 'Running' || metadata.deletionTimestamp) return undefined;
  const mine = [...world.ledger.live('policy/poddisruptionbudgets').values()].filter(
    ({ object }) =>
      object.metadata.namespace === metadata.namespace &&
      (object as Obj).spec.selector.matchLabels.tier === metadata.labels?.tier,
  );
  return mine.length === 1 && !(mine[0].object as Obj).status?.disruptionsAllowed ? mine[0].key : undefined;
}

/** A collection goes whole. */
export function deletePods(world: World): void {
  const [ns, tier] = [namespaceOf(world), world.pick(['front', 'back'])];
  if (ask(world, 'DELETE', `${urlOf('pods', ns)}?labelSelector=tier%3D${tier}`).code >= 300) return;
  world.ledger.read();
  for (const { object } of world.ledger.live('pods').values()) {
    const { namespace, name, labels, deletionTimestamp } = object.metadata;
    if (namespace === ns && labels?.tier === tier && !deletionTimestamp) throw new Error(`pod ${ns}/${name} was left over`);
  }
}

/** Its kubelet, or somebody in its name, says that it ended. */
export function endPod(world: World): void {
  const found = anyOf(world, 'pods');
  if (!found || found.object.status?.phase === 'Pending') return;
  const phase = world.pick(['Failed', 'Succeeded']);
  ask(world, 'PATCH', `${found.url}/status`, { status: { phase } }, merge);
}
