import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, byObject, type Plan } from '../../reconcile/plan.ts';
import type { View } from '../../registry/view.ts';
import { deletion } from '../shared/objects.ts';
import { hasClusterIP, HEADLESS, podsOf, SERVICES, servicesOfPod, triggerTime, withTriggerTime } from '../shared/services.ts';
import { subsetsOf, truncated } from './subsets.ts';

const ENDPOINTS = 'endpoints';
const COMPONENT = 'endpoint-controller';
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';

/** Writes the Endpoints object of each Service (endpoints_controller.go). */
export const endpointsController: Controller = {
  name: 'endpoint',
  manager: 'kube-controller-manager',
  user: `system:serviceaccount:kube-system:${COMPONENT}`,
  watches: [
    byObject(SERVICES),
    { resource: 'pods', keys: servicesOfPod },
    { resource: ENDPOINTS, keys: (change, view) => (change.type === 'DELETED' ? byObject(ENDPOINTS).keys(change, view) : []) },
  ],
  reconcile: (key, view) => {
    const service = view.get(SERVICES, key.namespace, key.name);
    const current = view.get(ENDPOINTS, key.namespace, key.name);
    if (!service) return { actions: current ? [deletion(ENDPOINTS, current)] : [] };
    if (service.spec?.type === 'ExternalName' || !service.spec?.selector) return { actions: [] };
    return write(service, current, view);
  },
  refused: (key, action, error, view) => {
    const service = view.get(SERVICES, key.namespace, key.name);
    if (!service || (action.verb !== 'create' && action.verb !== 'update')) return { actions: [] };
    const verb = action.verb;
    const message =
      verb === 'create'
        ? `Failed to create endpoint for service ${key.namespace}/${key.name}: ${error.message}`
        : `Failed to update endpoint ${key.namespace}/${key.name}: ${error.message}`;
    const reason = verb === 'create' ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint';
    const regarding = {
      kind: 'Endpoints',
      apiVersion: 'v1',
      metadata: { namespace: key.namespace, name: key.name },
    } as KubeObject;
    return { actions: [{ verb: 'event', regarding, type: 'Warning', reason, message, component: COMPONENT }] };
  },
};

function write(service: KubeObject, current: KubeObject | undefined, view: View): Plan {
  const pods = podsOf(service, view);
  const whole = subsetsOf(service, pods);
  const cut = truncated(whole);
  const subsets = cut ?? whole;
  const labels = labelsOf(service);
  const over = current?.metadata.annotations?.[OVER_CAPACITY];
  const same = current && equal(current.subsets ?? [], subsets) && equal(current.metadata.labels ?? {}, labels);
  if (same && (over === undefined) === (cut === undefined)) return { actions: [] };
  const [before, after] = [readinessIn(current?.subsets), readinessIn(subsets)];
  const changed = pods.filter(({ metadata: { uid } }) => after.has(uid) && before.get(uid) !== after.get(uid));
  const { [OVER_CAPACITY]: _, ...rest } = withTriggerTime(current?.metadata.annotations, triggerTime(service, !current, changed));
  const annotations = cut ? { ...rest, [OVER_CAPACITY]: 'truncated' } : rest;
  return { actions: [put(service, current, { labels, annotations }, subsets)] };
}

function put(service: KubeObject, current: KubeObject | undefined, meta: Obj, subsets: Obj[]): Action {
  const { namespace, name } = service.metadata;
  const { subsets: _, ...head }: Obj = current ?? { kind: 'Endpoints', apiVersion: 'v1', metadata: { name, namespace } };
  const object = { ...head, metadata: { ...head.metadata, ...meta }, ...(subsets.length && { subsets }) };
  return current ? { verb: 'update', resource: ENDPOINTS, object } : { verb: 'create', resource: ENDPOINTS, object };
}

function labelsOf(service: KubeObject): Record<string, string> {
  const { [HEADLESS]: _, ...labels } = service.metadata.labels ?? {};
  return { ...labels, ...(!hasClusterIP(service) && { [HEADLESS]: '' }), [MANAGED_BY]: COMPONENT };
}

/** uid of a pod -> whether it is among the ready addresses. */
function readinessIn(subsets: Obj[] | undefined): Map<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { addresses = [], notReadyAddresses = [] } of subsets ?? []) {
    for (const a of addresses) if (a.targetRef) found.set(a.targetRef.uid, true);
    for (const a of notReadyAddresses) if (a.targetRef) found.set(a.targetRef.uid, false);
  }
  return found;
}
