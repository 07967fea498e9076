import { parseTime, rfc3339 } from '../../api/machinery/time.ts';
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { fnv128a } from './hash.ts';
import { isPodReady, podCondition } from '../../api/core/pod/conditions.ts';
import { isTerminal } from './pods.ts';
import { mapMatcher, type Matcher } from './selector.ts';

export const SERVICES = 'services';
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';
export const HEADLESS = 'service.kubernetes.io/headless';

const matchers = new WeakMap<object, Matcher>();
const NOTHING: Matcher = () => false;

/**
 * Matcher of the pods that a Service selects; none without a selector (those get their endpoints from elsewhere). An empty one
 * selects all.
 */
export function serviceMatcher(service: KubeObject): Matcher {
  const selector = service.spec?.selector;
  if (!selector) return NOTHING;
  let match = matchers.get(selector);
  if (!match) {
    match = Object.keys(selector).length ? mapMatcher(selector) : () => true;
    matchers.set(selector, match);
  }
  return match;
}

/** Services whose endpoints a change of a pod may change (GetPodUpdateProjectionKey, GetServicesToUpdate). */
export function servicesOfPod({ type, object, old }: Change, view: View): Key[] {
  const namespace = object.metadata.namespace ?? '';
  const services = view.list(SERVICES, namespace);
  if (!services.length) return [];
  const changed = type === 'MODIFIED' && old ? endpointChanged(old, object) : hasAddress(object);
  const moved = old !== undefined && !sameMembership(old, object);
  if (!changed && !moved) return [];
  return services
    .filter((service) => {
      const match = serviceMatcher(service);
      return match(object.metadata.labels) || (moved && match(old.metadata.labels));
    })
    .map((service) => ({ namespace, name: service.metadata.name }));
}

const hasAddress = (pod: KubeObject): boolean => Boolean(pod.status?.podIP || pod.status?.podIPs?.length);

function sameMembership(a: KubeObject, b: KubeObject): boolean {
  return (
    equal(a.metadata.labels ?? {}, b.metadata.labels ?? {}) &&
    a.spec?.hostname === b.spec?.hostname &&
    a.spec?.subdomain === b.spec?.subdomain
  );
}

function endpointChanged(old: KubeObject, pod: KubeObject): boolean {
  return (
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    isPodReady(old) !== isPodReady(pod) ||
    isTerminal(old) !== isTerminal(pod) ||
    !equal(addressesOf(old), addressesOf(pod))
  );
}

export function addressesOf(pod: KubeObject): string[] {
  const { podIP, podIPs = [] } = pod.status ?? {};
  return podIPs.length ? podIPs.map((a: Obj) => a.ip) : podIP ? [podIP] : [];
}

/** ShouldPodBeInEndpoints. */
export function belongsInEndpoints(pod: KubeObject, includeTerminating: boolean): boolean {
  return !isTerminal(pod) && hasAddress(pod) && (includeTerminating || !pod.metadata.deletionTimestamp);
}

/** The pods of a Service, by name. */
export function podsOf(service: KubeObject, view: View): KubeObject[] {
  const match = serviceMatcher(service);
  return view.list('pods', service.metadata.namespace).filter((pod) => match(pod.metadata.labels));
}

/** ShouldSetHostname. */
export function hostnameOf(pod: KubeObject, service: KubeObject): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata.name ? hostname : undefined;
}

/** Whether a cluster IP is set and not "None" (helper.IsServiceIPSet). */
export const hasClusterIP = (service: KubeObject): boolean =>
  Boolean(service.spec?.clusterIP) && service.spec.clusterIP !== 'None';

/** The container port that a Service's port has in this pod (FindPort): a number as it is, a name looked up. */
export function findPort(pod: KubeObject, port: Obj): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((c: Obj) => c.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((p: Obj) => p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found) return found.containerPort;
  }
  return undefined;
}

export const isIPv6 = (ip: string): boolean => ip.includes(':');

/** Ports in the order that upstream's hash of their Go values gives; `dump` prints one as Go's spew does. */
export function sortPorts(ports: Obj[], dump: (port: Obj) => string): Obj[] {
  if (ports.length < 2) return ports;
  const hashed = ports.map((port) => ({ port, hash: fnv128a(dump(port)) }));
  return hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)).map((h) => h.port);
}

/**
 * The time of the earliest change that a write of endpoints reflects (TriggerTimeTracker, without its memory): the Service's birth
 * for the
 * first, and then when the pods whose endpoints changed became what they are.
 */
export function triggerTime(service: KubeObject, first: boolean, changed: KubeObject[]): string | undefined {
  if (first) return service.metadata.creationTimestamp;
  const times = changed
    .map((pod) => parseTime(podCondition(pod, 'Ready')?.lastTransitionTime ?? ''))
    .filter((t) => !Number.isNaN(t));
  return times.length ? rfc3339(Math.min(...times)) : undefined;
}

/** Annotations with the trigger time set or cleared. */
export function withTriggerTime(
  annotations: Record<string, string> | undefined,
  time: string | undefined,
): Record<string, string> {
  const { [TRIGGER_TIME]: _, ...rest } = annotations ?? {};
  return time === undefined ? rest : { ...rest, [TRIGGER_TIME]: time };
}
