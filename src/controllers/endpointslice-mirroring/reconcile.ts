import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Action, type Controller, type Key, byObject, type Plan } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { newControllerRef } from '../shared/owners.ts';
import { isIPv6, SERVICES, TRIGGER_TIME } from '../shared/services.ts';
import { deletion } from '../shared/objects.ts';
import {
  endpointKey,
  MANAGED_BY,
  portsKey,
  recycle,
  sameEndpoint,
  SERVICE_NAME,
  sliceActions,
  slicePort,
  SLICES,
  type SlicePlan,
  sortSlicePorts,
} from '../shared/slices.ts';

const ENDPOINTS = 'endpoints';
const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const COMPONENT = 'endpoint-slice-mirroring-controller';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Addresses of one subset that are mirrored at most (--mirroring-max-endpoints-per-subset). */
const MAX = 1000;

/**
 * Mirrors Endpoints that a user maintains for a Service without selector into EndpointSlices
 * (pkg/controller/endpointslicemirroring).
 */
export const endpointSliceMirroring: Controller = {
  name: 'endpointslicemirroring',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:endpointslicemirroring-controller',
  watches: [byObject(ENDPOINTS), byObject(SERVICES), { resource: SLICES, keys: endpointsOfSlice }],
  reconcile: (key, view) => {
    const mine = mirrored(key, view);
    const endpoints = view.get(ENDPOINTS, key.namespace, key.name);
    const service = view.get(SERVICES, key.namespace, key.name);
    if (!endpoints || !service || service.spec?.selector || !shouldMirror(endpoints)) {
      return { actions: mine.map((slice) => deletion(SLICES, slice)) };
    }
    return mirror(
      endpoints,
      mine.filter((slice) => !slice.metadata.deletionTimestamp),
    );
  },
};

function endpointsOfSlice({ object }: Change): Key[] {
  const { labels, namespace = '' } = object.metadata;
  return labels?.[MANAGED_BY] === MANAGER && labels[SERVICE_NAME] ? [{ namespace, name: labels[SERVICE_NAME] }] : [];
}

function mirrored(key: Key, view: View): KubeObject[] {
  const slices = view.list(SLICES, key.namespace);
  return slices.filter(({ metadata: { labels } }) => labels?.[SERVICE_NAME] === key.name && labels[MANAGED_BY] === MANAGER);
}

function shouldMirror({ metadata }: KubeObject): boolean {
  return metadata.labels?.[SKIP] !== 'true' && metadata.annotations?.[LEADER] === undefined;
}

/** One slice for each family of each subset. */
function mirror(endpoints: KubeObject, existing: KubeObject[]): Plan {
  const { wanted, events } = desired(endpoints);
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const sliceKey = (slice: KubeObject) => `${slice.addressType}-${portsKey(slice.ports)}`;
  for (const [key, { family, ports, found }] of wanted) {
    const [first, ...more] = existing.filter((slice) => sliceKey(slice) === key);
    plan.remove.push(...more);
    if (first && isCurrent(first, endpoints, found)) continue;
    const slice = newSlice(endpoints, family, ports, [...found.values()]);
    if (!first) plan.create.push(slice);
    else plan.update.push({ ...first, ...slice, metadata: { ...first.metadata, ...slice.metadata } });
  }
  plan.remove.push(...existing.filter((slice) => !wanted.has(sliceKey(slice))));
  recycle(plan, () => true);
  if (endpoints.metadata.deletionTimestamp) plan.create = [];
  const actions = sliceActions(plan);
  return { actions: actions.length ? [...actions, ...events] : [] };
}

interface Wanted {
  family: string;
  ports: Obj[];
  found: Map<string, Obj>;
}

function desired(endpoints: KubeObject): { wanted: Map<string, Wanted>; events: Action[] } {
  const wanted = new Map<string, Wanted>();
  let skipped = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of endpoints.subsets ?? []) {
    const slicePorts = sortSlicePorts(ports.map((p: Obj) => slicePort(p.name, p.port, p.protocol, p.appProtocol)));
    const all = [...addresses.map((a: Obj) => [a, true]), ...notReadyAddresses.map((a: Obj) => [a, false])];
    skipped += Math.max(0, all.length - MAX);
    for (const [address, ready] of all.slice(0, MAX)) {
      const family = isIPv6(address.ip) ? 'IPv6' : 'IPv4';
      const key = `${family}-${portsKey(slicePorts)}`;
      const into = wanted.get(key) ?? { family, ports: slicePorts, found: new Map() };
      wanted.set(key, into);
      const endpoint = toEndpoint(address, ready);
      into.found.set(endpointKey(endpoint), endpoint);
    }
  }
  return { wanted, events: skipped ? [tooMany(endpoints, skipped)] : [] };
}

/** addressToEndpoint. */
function toEndpoint({ ip, hostname, nodeName, targetRef }: Obj, ready: boolean): Obj {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(targetRef && { targetRef }),
    ...(nodeName && { nodeName }),
  };
}

function isCurrent(slice: KubeObject, endpoints: KubeObject, found: Map<string, Obj>): boolean {
  const { labels, annotations } = metaOf(endpoints);
  const had: Obj[] = slice.endpoints ?? [];
  const same = had.length === found.size && had.every((e) => sameEndpoint(e, found.get(endpointKey(e)) ?? {}));
  const owner = slice.metadata.ownerReferences?.some((ref) => ref.uid === endpoints.metadata.uid) ?? false;
  return same && owner && equal(slice.metadata.labels ?? {}, labels) && equal(slice.metadata.annotations ?? {}, annotations);
}

function metaOf({ metadata }: KubeObject): { labels: Record<string, string>; annotations: Record<string, string> } {
  const { [TRIGGER_TIME]: _, [LAST_APPLIED]: __, ...annotations } = metadata.annotations ?? {};
  return { labels: { ...metadata.labels, [SERVICE_NAME]: metadata.name, [MANAGED_BY]: MANAGER }, annotations };
}

function newSlice(endpoints: KubeObject, addressType: string, ports: Obj[], found: Obj[]): KubeObject {
  const { namespace, name } = endpoints.metadata;
  const metadata = { generateName: `${name}-`, namespace, ...metaOf(endpoints), ownerReferences: [newControllerRef(endpoints)] };
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata,
    addressType,
    endpoints: found,
    ports,
  } as unknown as KubeObject;
}

function tooMany(endpoints: KubeObject, skipped: number): Action {
  const message = `A max of ${MAX} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
  return {
    verb: 'event',
    regarding: endpoints,
    type: 'Warning',
    reason: 'TooManyAddressesToMirror',
    message,
    component: COMPONENT,
  };
}
