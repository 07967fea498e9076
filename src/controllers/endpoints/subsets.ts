import type { KubeObject, Obj } from '../../lib/json.ts';
import { isPodReady } from '../../api/core/pod/conditions.ts';
import { addressesOf, belongsInEndpoints, findPort, hostnameOf, isIPv6, sortPorts } from '../shared/services.ts';

/** Addresses that one Endpoints object holds at most; beyond it the list is cut, ready ones first. */
export const MAX_ADDRESSES = 1000;

interface Entry {
  address: Obj;
  ready: boolean;
}

/** The canonical subsets of a Service's pods (syncService and RepackSubsets): addresses grouped by the ports that they offer. */
export function subsetsOf(service: KubeObject, pods: KubeObject[]): Obj[] {
  const tolerate = service.spec?.publishNotReadyAddresses === true;
  const byPort = new Map<string, { port: Obj | undefined; entries: Map<string, Entry> }>();
  for (const pod of pods) {
    if (!belongsInEndpoints(pod, tolerate)) continue;
    const address = addressOf(service, pod);
    if (!address) continue;
    for (const port of portsOf(service, pod)) put(byPort, port, address, tolerate || isPodReady(pod));
  }
  return group([...byPort.values()]);
}

/** Ports that the pod offers to the Service; `undefined` stands for a headless Service without ports. */
function portsOf(service: KubeObject, pod: KubeObject): (Obj | undefined)[] {
  const ports: Obj[] = service.spec?.ports ?? [];
  if (!ports.length) return service.spec?.clusterIP === 'None' ? [undefined] : [];
  return ports.flatMap((port) => {
    const number = findPort(pod, port);
    if (number === undefined) return [];
    const { name, protocol = 'TCP', appProtocol } = port;
    return [{ ...(name && { name }), port: number, protocol, ...(appProtocol && { appProtocol }) }];
  });
}

function addressOf(service: KubeObject, pod: KubeObject): Obj | undefined {
  const { clusterIP = '', ipFamilies = [] } = service.spec ?? {};
  const known = clusterIP && clusterIP !== 'None' ? clusterIP : (pod.status?.podIP ?? '');
  const wantsIPv6 = ipFamilies.length ? ipFamilies[0] === 'IPv6' : isIPv6(known);
  const ip = addressesOf(pod).find((a) => isIPv6(a) === wantsIPv6);
  if (ip === undefined) return undefined;
  const hostname = hostnameOf(pod, service);
  const { namespace, name, uid } = pod.metadata;
  return {
    ip,
    ...(hostname && { hostname }),
    nodeName: pod.spec?.nodeName ?? '',
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

type Ports = Map<string, { port: Obj | undefined; entries: Map<string, Entry> }>;

/** Adds an address to a port; not ready wins when it is named twice. */
function put(byPort: Ports, port: Obj | undefined, address: Obj, ready: boolean): void {
  const key = port ? `${port.name ?? ''}/${port.port}/${port.protocol}/${port.appProtocol ?? ''}` : '';
  let offered = byPort.get(key);
  if (!offered) byPort.set(key, (offered = { port, entries: new Map() }));
  const id = `${address.ip}/${address.targetRef?.uid ?? ''}`;
  const known = offered.entries.get(id);
  if (!known) offered.entries.set(id, { address, ready });
  else known.ready &&= ready;
}

/** Groups ports with the same addresses into one subset. */
function group(offers: { port: Obj | undefined; entries: Map<string, Entry> }[]): Obj[] {
  const subsets = new Map<string, { entries: Entry[]; ports: Obj[] }>();
  for (const { port, entries } of offers) {
    const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = sorted.map(([id, entry]) => `${id}/${entry.ready}`).join(' ');
    let subset = subsets.get(key);
    if (!subset) subsets.set(key, (subset = { entries: sorted.map(([, entry]) => entry), ports: [] }));
    if (port) subset.ports.push(port);
  }
  return [...subsets.values()].map(({ entries, ports }) => {
    const ready = entries.filter((e) => e.ready).map((e) => e.address);
    const notReady = entries.filter((e) => !e.ready).map((e) => e.address);
    return {
      ...(ready.length && { addresses: ready }),
      ...(notReady.length && { notReadyAddresses: notReady }),
      ...(ports.length && { ports: sortPorts(ports, dumpPort) }),
    };
  });
}

/** v1.EndpointPort as spew prints it for hashing. */
export function dumpPort({ name = '', port, protocol = 'TCP', appProtocol = '<nil>' }: Obj): string {
  const who = `Name:(string)${name} Port:(int32)${port}`;
  return `(v1.EndpointPort){${who} Protocol:(v1.Protocol)${protocol} AppProtocol:(*string)${appProtocol}}`;
}

/** Cuts the list in proportion over subsets, the not ready ones first (truncateEndpoints). Undefined when nothing is too much. */
export function truncated(subsets: Obj[]): Obj[] | undefined {
  const total = (field: string) => subsets.reduce((sum, s) => sum + (s[field]?.length ?? 0), 0);
  const [ready, notReady] = [total('addresses'), total('notReadyAddresses')];
  if (ready + notReady <= MAX_ADDRESSES) return undefined;
  const cutReady = ready > MAX_ADDRESSES;
  const maxSize = cutReady ? MAX_ADDRESSES : MAX_ADDRESSES - ready;
  const field = cutReady ? 'addresses' : 'notReadyAddresses';
  let left = maxSize;
  return subsets.map((subset) => {
    const { [field]: all = [], ...rest } = subset;
    const share = Math.min(Math.ceil((all.length / (cutReady ? ready : notReady)) * maxSize), left);
    const kept = all.slice(0, share);
    left -= kept.length;
    if (cutReady) delete rest.notReadyAddresses;
    return { ...(kept.length && { [field]: kept }), ...rest };
  });
}
