import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Controller, type Key, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { newControllerRef } from '../shared/owners.ts';
import {
  belongsInEndpoints,
  hasClusterIP,
  HEADLESS,
  podsOf,
  SERVICES,
  serviceMatcher,
  servicesOfPod,
  triggerTime,
  withTriggerTime,
} from '../shared/services.ts';
import {
  endpointKey,
  MANAGED_BY,
  portsKey,
  recycle,
  SERVICE_NAME,
  sliceActions,
  SLICES,
  type SlicePlan,
} from '../shared/slices.ts';
import { endpointOf, familiesOf, hintsOf, portsOf } from './endpoint.ts';
import { fillSlices } from './fill.ts';

const MANAGER = 'endpointslice-controller.k8s.io';
const RESERVED = new Set([SERVICE_NAME, MANAGED_BY, HEADLESS]);
const NAME_MAX = 253;

/** Writes the EndpointSlices of each Service from its pods (pkg/controller/endpointslice and k8s.io/endpointslice). */
export const endpointSliceController: Controller = {
  name: 'endpointslice',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:endpointslice-controller',
  watches: [
    byObject(SERVICES),
    { resource: 'pods', keys: servicesOfPod },
    { resource: SLICES, keys: serviceOfSlice },
    { resource: 'nodes', keys: servicesOfNode },
  ],
  reconcile: (key, view) => {
    const service = view.get(SERVICES, key.namespace, key.name);
    if (!service?.spec?.selector || service.spec.type === 'ExternalName') return { actions: [] };
    return sync(service, view);
  },
  refused: (key, action, error, view) => {
    const service = view.get(SERVICES, key.namespace, key.name);
    if (!service || action.verb === 'event') return { actions: [] };
    const what = `failed to ${action.verb} EndpointSlice`;
    const id = `${key.namespace}/${key.name}`;
    const message = `Error updating Endpoint Slices for Service ${id}: ${what} for Service ${id}: ${error.message}`;
    const component = 'endpoint-slice-controller';
    return {
      actions: [
        { verb: 'event', regarding: service, type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message, component },
      ],
    };
  },
};

/** The key of the Service whose slice was changed by another client. */
function serviceOfSlice({ object }: Change): Key[] {
  const { labels, namespace = '' } = object.metadata;
  return labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME] ? [{ namespace, name: labels[SERVICE_NAME] }] : [];
}

/** Keys of the Services with pods on a node that was added, deleted or moved to another zone. */
function servicesOfNode({ type, object, old }: Change, view: View): Key[] {
  const zone = 'topology.kubernetes.io/zone';
  if (type === 'MODIFIED' && object.metadata.labels?.[zone] === old?.metadata.labels?.[zone]) return [];
  const pods = view.list('pods').filter((pod) => pod.spec?.nodeName === object.metadata.name);
  return pods.flatMap(({ metadata: { namespace = '', labels } }) =>
    view
      .list(SERVICES, namespace)
      .filter((service) => serviceMatcher(service)(labels))
      .map((service) => ({ namespace, name: service.metadata.name })),
  );
}

function sync(service: KubeObject, view: View): Plan {
  const { namespace = '', name } = service.metadata;
  const mine = view
    .list(SLICES, namespace)
    .filter(({ metadata: m }) => m.labels?.[SERVICE_NAME] === name && m.labels[MANAGED_BY] === MANAGER && !m.deletionTimestamp);
  const pods = podsOf(service, view).filter((pod) => belongsInEndpoints(pod, true));
  const families = familiesOf(service);
  const plan: SlicePlan = { create: [], update: [], remove: mine.filter((slice) => !families.includes(slice.addressType)) };
  for (const family of families) {
    const existing = mine.filter((slice) => slice.addressType === family);
    const part: SlicePlan = { create: [], update: [], remove: [] };
    syncFamily(service, family, pods, existing, part, view);
    recycle(part, (slice) => isOwned(slice, service));
    plan.create.push(...part.create);
    plan.update.push(...part.update);
    plan.remove.push(...part.remove);
  }
  if (service.metadata.deletionTimestamp) plan.create = [];
  stamp(plan, service, mine, pods);
  return { actions: sliceActions(plan) };
}

/** One address family: endpoints grouped by the ports that their pods offer (reconcileByAddressType). */
function syncFamily(
  service: KubeObject,
  family: string,
  pods: KubeObject[],
  existing: KubeObject[],
  plan: SlicePlan,
  view: View,
): void {
  const groups = groupByPorts(service, family, pods, view);
  const labels = labelsOf(service);
  const owned = existing.filter((slice) => isOwned(slice, service));
  plan.remove.push(...existing.filter((slice) => !isOwned(slice, service)));
  for (const [key, { ports, endpoints }] of groups) {
    const same = owned.filter((slice) => portsKey(slice.ports) === key);
    fillSlices(same, { endpoints, labels, fresh: () => newSlice(service, family, labels, ports) }, plan);
  }
  plan.remove.push(...owned.filter((slice) => !groups.has(portsKey(slice.ports))));
  if (plan.remove.length !== existing.length || plan.create.length) return;
  const empty = plan.remove.find((slice) => isPlaceholder(slice, labels) && isOwned(slice, service));
  if (empty && plan.remove.length === 1) plan.remove = [];
  else plan.create.push(newSlice(service, family, labels, []));
}

function groupByPorts(
  service: KubeObject,
  family: string,
  pods: KubeObject[],
  view: View,
): Map<string, { ports: Obj[]; endpoints: Map<string, Obj> }> {
  const groups = new Map<string, { ports: Obj[]; endpoints: Map<string, Obj> }>();
  const nodes = new Map<string, KubeObject | undefined>();
  const tolerate = service.spec.publishNotReadyAddresses === true;
  const named = (service.spec.ports ?? []).some((port: Obj) => typeof port.targetPort === 'string');
  let shared: Obj[] | undefined;
  for (const pod of pods) {
    const ports = named ? portsOf(service, pod) : (shared ??= portsOf(service, pod));
    const key = portsKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: new Map() }));
    const nodeName = pod.spec?.nodeName ?? '';
    if (!nodes.has(nodeName)) nodes.set(nodeName, nodeName ? view.get('nodes', '', nodeName) : undefined);
    const node = nodes.get(nodeName);
    const endpoint = node || tolerate ? endpointOf(pod, node, service, family) : undefined;
    if (!endpoint) continue;
    const hints = hintsOf(endpoint, service);
    group.endpoints.set(endpointKey(endpoint), hints ? { ...endpoint, hints } : endpoint);
  }
  return groups;
}

function newSlice(service: KubeObject, addressType: string, labels: Record<string, string>, ports: Obj[]): KubeObject {
  const { namespace, name } = service.metadata;
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      generateName: name.length < NAME_MAX ? `${name}-` : name,
      namespace,
      labels,
      ownerReferences: [newControllerRef(service)],
    },
    addressType,
    endpoints: [],
    ports,
  } as unknown as KubeObject;
}

const isPlaceholder = (slice: KubeObject, labels: Record<string, string>): boolean =>
  !slice.endpoints?.length && !slice.ports?.length && sameLabels(slice.metadata.labels ?? {}, labels);

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
}

const isOwned = (slice: KubeObject, service: KubeObject): boolean =>
  slice.metadata.ownerReferences?.some(
    (ref) => ref.uid === service.metadata.uid && ref.kind === 'Service' && ref.apiVersion === 'v1',
  ) ?? false;

/** The Service's labels without the reserved ones, which this controller sets (setEndpointSliceLabels). */
function labelsOf(service: KubeObject): Record<string, string> {
  const labels = Object.fromEntries(Object.entries(service.metadata.labels ?? {}).filter(([key]) => !RESERVED.has(key)));
  if (!hasClusterIP(service)) labels[HEADLESS] = '';
  return { ...labels, [SERVICE_NAME]: service.metadata.name, [MANAGED_BY]: MANAGER };
}

/** Sets the trigger time on every slice that is written. */
function stamp(plan: SlicePlan, service: KubeObject, before: KubeObject[], pods: KubeObject[]): void {
  if (!plan.create.length && !plan.update.length) return;
  const readiness = (slices: KubeObject[]) =>
    new Map(
      slices.flatMap((s) => (s.endpoints ?? []).map((e: Obj): [string, boolean] => [e.targetRef?.uid, e.conditions?.ready])),
    );
  const old = readiness(before);
  const now = readiness([...plan.create, ...plan.update]);
  const changed = pods.filter(({ metadata: { uid } }) => now.has(uid) && old.get(uid) !== now.get(uid));
  const time = triggerTime(service, !before.length, changed);
  const dated = (slice: KubeObject): KubeObject => ({
    ...slice,
    metadata: { ...slice.metadata, annotations: withTriggerTime(slice.metadata.annotations, time) },
  });
  plan.create = plan.create.map(dated);
  plan.update = plan.update.map(dated);
}
