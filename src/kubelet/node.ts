import { isVirtual, VIRTUAL_NODE } from '../api/core/virtual-node.ts';
import { rfc3339, rfc3339Micro } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import type { Action } from '../reconcile/plan.ts';
import type { View } from '../registry/view.ts';
import { nodeAddress, podRange } from './addresses.ts';

const LEASES = 'coordination.k8s.io/leases';
const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const VERSION = 'v1.36.3';
const CAPACITY = { cpu: '32', memory: '256Gi', pods: '1100' };

const CONDITIONS: [type: string, status: string, reason: string, message: string][] = [
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['NetworkUnavailable', 'False', 'RouteCreated', 'RouteController created a route'],
];

/** The Node objects a fresh cluster begins with, ready from the first moment. */
export function virtualNodes(count: number, now: number): KubeObject[] {
  return Array.from({ length: count }, (_, i) => virtualNode(`node-${i}`, i, now));
}

function virtualNode(name: string, i: number, now: number): KubeObject {
  const { podCIDR } = podRange(i);
  const node: Obj = {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
      annotations: { [VIRTUAL_NODE]: 'true', 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: { capacity: CAPACITY, allocatable: CAPACITY },
  };
  node.status = nodeStatus(node as KubeObject, now);
  return node as KubeObject;
}

/** The status a virtual node reports (KWOK's stage node-initialize): what it declared itself stays. */
export function nodeStatus(node: KubeObject, now: number): Obj {
  const old: Obj = node.status ?? {};
  const time = rfc3339(now);
  const since = node.metadata.creationTimestamp || time;
  const capacity = old.capacity ?? old.allocatable ?? CAPACITY;
  const addresses: Obj[] = [...(old.addresses ?? [])];
  const has = (type: string) => addresses.some((a) => a.type === type);
  if (!has('InternalIP')) addresses.push({ type: 'InternalIP', address: nodeAddress(node.spec?.podCIDR) });
  if (!has('Hostname')) addresses.push({ type: 'Hostname', address: node.metadata.name });
  const info: Obj = old.nodeInfo ?? {};
  const ours = CONDITIONS.map(([type, status, reason, message]) => ({
    type,
    status,
    lastHeartbeatTime: time,
    lastTransitionTime: since,
    reason,
    message,
  }));
  return {
    ...old,
    capacity,
    allocatable: old.allocatable ?? capacity,
    phase: 'Running',
    conditions: [...ours, ...(old.conditions ?? []).filter((c: Obj) => !ours.some(({ type }) => type === c.type))],
    addresses,
    daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
    nodeInfo: {
      machineID: info.machineID ?? '',
      systemUUID: info.systemUUID ?? '',
      bootID: info.bootID ?? '',
      kernelVersion: info.kernelVersion || VERSION,
      osImage: info.osImage || 'Atoll virtual node',
      containerRuntimeVersion: info.containerRuntimeVersion || 'atoll://1.36.3',
      kubeletVersion: info.kubeletVersion || VERSION,
      kubeProxyVersion: info.kubeProxyVersion ?? '',
      operatingSystem: info.operatingSystem || 'linux',
      architecture: info.architecture || 'amd64',
    },
  };
}

const isReady = (node: KubeObject): boolean =>
  (node.status?.conditions ?? []).some((c: Obj) => c.type === 'Ready' && c.status === 'True');

/** Plans the missing parts of a virtual node: its range of pod addresses, its status, its Lease (which is never renewed). */
export function planNode(node: KubeObject, view: View, now: number): Action[] {
  if (!isVirtual(node) || node.metadata.deletionTimestamp) return [];
  if (!node.spec?.podCIDR) return [{ verb: 'update', resource: 'nodes', object: withRange(node, view) }];
  const actions: Action[] = [];
  if (!isReady(node)) {
    const object = { ...node, status: nodeStatus(node, now) };
    actions.push({ verb: 'update', resource: 'nodes', subresource: 'status', object });
  }
  if (!view.get(LEASES, LEASE_NAMESPACE, node.metadata.name) && view.get('namespaces', '', LEASE_NAMESPACE)) {
    actions.push({ verb: 'create', resource: LEASES, object: leaseOf(node, now) });
  }
  return actions;
}

/** Gives the node the lowest free range (what the node IPAM controller does upstream). */
function withRange(node: KubeObject, view: View): KubeObject {
  const taken = new Set(view.list('nodes').map((other) => other.spec?.podCIDR));
  let i = 0;
  while (taken.has(podRange(i).podCIDR)) i++;
  const { podCIDR } = podRange(i);
  return { ...node, metadata: { ...node.metadata }, spec: { ...node.spec, podCIDR, podCIDRs: [podCIDR] } };
}

function leaseOf(node: KubeObject, now: number): Obj {
  return {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: {
      name: node.metadata.name,
      namespace: LEASE_NAMESPACE,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid }],
    },
    spec: { holderIdentity: node.metadata.name, leaseDurationSeconds: LEASE_SECONDS, renewTime: rfc3339Micro(now) },
  };
}
