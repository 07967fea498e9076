import { isVirtual } from '../api/core/virtual-node.ts';
import type { KubeObject } from '../lib/json.ts';
import {
  type Action,
  byObject,
  type Controller,
  type EventAction,
  type Key,
  type Plan,
  type ReconcileCx,
} from '../reconcile/plan.ts';
import { sayingsAbout } from '../reconcile/said.ts';
import type { Change, View } from '../registry/view.ts';
import { freeAddress } from './ip-pool.ts';
import { CONTAINERS_STOP_MS, POD_ADDRESS_RETRY_MS, SYNC_ROUNDS } from './limits.ts';
import { planNode } from './node.ts';
import type { PodOnNode, Runtime, RuntimeAction, RuntimeTable } from './runtime.ts';
import { runtimeOf, runtimesOf } from './runtime-class.ts';
import type { LastSaid, PodSync } from './sync.ts';
import { syncPod } from './sync-pod.ts';

const NOBODY: Key[] = [];

/** One agent for all virtual nodes (SPEC.md), over what executes their pods. A key with a namespace is a pod, one without is a node. */
export const kubelet = (runtimes: RuntimeTable): Controller => ({
  name: 'kubelet',
  manager: 'kubelet',
  user: 'system:node:virtual',
  lowPriority: true,
  watches: [
    { resource: 'pods', keys: (change, view) => podKeys(change, view, runtimes) },
    { resource: 'pods', keys: stoppingPod, afterMs: CONTAINERS_STOP_MS },
    byObject('nodes'),
    { resource: 'nodes', keys: podsOfNewNode },
    { resource: 'namespaces', keys: nodesOfLeaseNamespace },
  ],
  reconcile: (key, view, cx) => reconcile(key, view, cx, runtimes),
});

/** Bound pods that their runtime may have something to do for; those that are gone as well, for what ran of them. */
function podKeys(change: Change, view: View, runtimes: RuntimeTable): Key[] {
  const pod = change.object;
  const { metadata, spec } = pod;
  if (!spec?.nodeName || isStopping(change)) return NOBODY;
  const node = view.get('nodes', '', spec.nodeName);
  if (runtimeOf(pod, node, view, runtimes).isAtRest?.(pod, node, change.type === 'DELETED')) return NOBODY;
  return [{ namespace: metadata.namespace ?? '', name: metadata.name }];
}

/** A pod that is asked to stop is observed as stopping. */
function stoppingPod(change: Change): Key[] {
  const { metadata, spec } = change.object;
  return spec?.nodeName && isStopping(change) ? [{ namespace: metadata.namespace ?? '', name: metadata.name }] : NOBODY;
}

const isStopping = ({ type, object }: Change): boolean => type !== 'DELETED' && object.metadata.deletionTimestamp !== undefined;

/** A node that came or was taken over, or whose behaviour or addresses changed: its pods look again. */
function podsOfNewNode(change: Change, view: View): Key[] {
  const { object, old, type } = change;
  if (type === 'DELETED' || !isVirtual(object) || (old && same(object, old))) return [];
  return view
    .list('pods')
    .filter((pod) => pod.spec?.nodeName === object.metadata.name)
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }));
}

const same = (a: Change['object'], b: Change['object']): boolean =>
  isVirtual(b) &&
  a.spec?.podCIDR === b.spec?.podCIDR &&
  JSON.stringify(a.metadata.annotations) === JSON.stringify(b.metadata.annotations);

/** Leases wait for their namespace. */
function nodesOfLeaseNamespace(change: Change, view: View): Key[] {
  if (change.object.metadata.name !== 'kube-node-lease' || change.type !== 'ADDED') return [];
  return view.list('nodes').map(({ metadata }) => ({ namespace: '', name: metadata.name }));
}

function reconcile(key: Key, view: View, { now }: ReconcileCx, runtimes: RuntimeTable): Plan {
  if (!key.namespace) {
    const node = view.get('nodes', '', key.name);
    return { actions: node ? planNode(node, view, now) : [] };
  }
  const pod = view.get('pods', key.namespace, key.name);
  for (const runtime of runtimesOf(runtimes)) runtime.remove(key, pod?.metadata.uid);
  const node = pod?.spec?.nodeName && view.get('nodes', '', pod.spec.nodeName);
  if (!pod || !node || !isVirtual(node)) return { actions: [] };
  return planPod({ pod, node }, runtimeOf(pod, node, view, runtimes), view, now);
}

/** Looks, lets the runtime act, looks again; then shows what is known. */
function planPod(on: PodOnNode, runtime: Runtime, view: View, now: number): Plan {
  const { pod, node } = on;
  const said = lastSaidOf(pod, view);
  const observation = runtime.observe(on, now);
  let sync = syncPod(pod, observation, now, said);
  const hostIP = internalIP(node);
  const podIP: string | undefined = pod.status?.podIP || (pod.spec.hostNetwork ? hostIP : undefined);
  const needsAddress = !pod.metadata.deletionTimestamp && !isOver(pod) && (sync.status !== undefined || sync.actions.length > 0);
  const ip = podIP || (needsAddress ? freeAddress(node.spec?.podCIDR, view) : undefined);
  if (needsAddress && !ip) return noAddress(pod, node, now);
  // All of them each time: a runtime without state of its own knows nothing of an action before.
  const asked: RuntimeAction[] = [];
  for (let round = 0; sync.actions.length && round < SYNC_ROUNDS; round++) {
    const before = sync;
    asked.push(...sync.actions);
    sync = syncPod(pod, runtime.apply(on, asked, now), now, said);
    sync.events = joined(before.events, sync.events);
    // Under way: the runtime signals what comes of it.
    if (JSON.stringify(sync.actions) === JSON.stringify(before.actions)) break;
  }
  const plan = planOf(pod, sync, { hostIP, podIP: ip ?? '', now });
  if (observation.warning && sync.status && !pod.status?.containerStatuses)
    plan.actions.unshift(notUnderstood(pod, observation.warning));
  return plan;
}

const notUnderstood = (pod: KubeObject, message: string): EventAction => ({
  verb: 'event',
  regarding: pod,
  type: 'Warning',
  reason: 'InvalidBehaviour',
  message,
  component: 'kubelet',
});

const isOver = ({ status }: KubeObject): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** What was said before the runtime acted stays said; nothing is said twice. */
function joined(before: EventAction[], after: EventAction[]): EventAction[] {
  if (!before.length) return after;
  const isSame = (a: EventAction, b: EventAction) =>
    a.reason === b.reason && a.message === b.message && a.fieldPath === b.fieldPath;
  return [...before, ...after.filter((event) => !before.some((other) => isSame(event, other)))];
}

/** Reads the Events of a pod as they are stored, when a step asks for one. */
const lastSaidOf =
  (pod: KubeObject, view: View): LastSaid =>
  (reason, fieldPath, prefix) =>
    sayingsAbout(view, pod).reduce(
      (last, said) =>
        said.reason === reason && said.fieldPath === fieldPath && said.message.startsWith(prefix)
          ? Math.max(last, said.at)
          : last,
      0,
    );

function planOf(pod: KubeObject, sync: PodSync, at: { hostIP: string; podIP: string; now: number }): Plan {
  if (sync.isGone) return { actions: [...sync.events, ...remove(pod)] };
  if (!sync.status) return { actions: sync.events, requeueAt: sync.next };
  const object = { ...pod, metadata: { ...pod.metadata }, status: sync.status(at) };
  const actions: Action[] = [...sync.events, { verb: 'update', resource: 'pods', subresource: 'status', object }];
  // The write brings the key back.
  return { actions };
}

/** The containers have stopped: the pod is finally deleted, unless finalizers hold what is left of it. */
function remove(pod: KubeObject): Action[] {
  const { namespace = '', name, uid, finalizers, deletionGracePeriodSeconds } = pod.metadata;
  if (finalizers?.length && deletionGracePeriodSeconds === 0) return [];
  return [{ verb: 'delete', resource: 'pods', namespace, name, uid, gracePeriodSeconds: 0 }];
}

const internalIP = (node: KubeObject): string =>
  (node.status?.addresses ?? []).find((a: { type: string }) => a.type === 'InternalIP')?.address ?? '';

function noAddress(pod: KubeObject, node: KubeObject, now: number): Plan {
  const message = `Failed to create pod sandbox: no address is free in ${node.spec?.podCIDR ?? 'the node, which has no podCIDR'}`;
  return {
    actions: [
      { verb: 'event', regarding: pod, type: 'Warning', reason: 'FailedCreatePodSandBox', message, component: 'kubelet' },
    ],
    requeueAt: now + POD_ADDRESS_RETRY_MS,
  };
}
