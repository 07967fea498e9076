import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import { deletion } from './objects.ts';
import { sortPorts } from './services.ts';

export const SLICES = 'discovery.k8s.io/endpointslices';
export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

/** Writes of one sync of slices. Slices to create have no name yet. */
export interface SlicePlan {
  create: KubeObject[];
  update: KubeObject[];
  remove: KubeObject[];
}

/** discovery v1.EndpointPort as spew prints it for hashing. */
function dumpPort({ name = '<nil>', protocol = '<nil>', port = '<nil>', appProtocol = '<nil>' }: Obj): string {
  const who = `Name:(*string)${name} Protocol:(*v1.Protocol)${protocol}`;
  return `(v1.EndpointPort){${who} Port:(*int32)${port} AppProtocol:(*string)${appProtocol}}`;
}

export const slicePort = (name: string | undefined, port: number, protocol = 'TCP', appProtocol?: string): Obj => ({
  name: name ?? '',
  protocol,
  port,
  ...(appProtocol && { appProtocol }),
});

export const sortSlicePorts = (ports: Obj[]): Obj[] => sortPorts(ports, dumpPort);

/** A key that is equal for the same ports in any order (NewPortMapKey). */
export function portsKey(ports: Obj[] | null | undefined): string {
  return (ports ?? []).map(dumpPort).sort().join('');
}

/** The identity of an endpoint (hashEndpoint). */
export function endpointKey({ addresses, hostname = '', targetRef }: Obj): string {
  return `${addresses.join(',')}|${hostname}|${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}`;
}

/** Whether two endpoints are equal beyond their identity (EndpointsEqualBeyondHash). Hints are reconciled apart. */
export function sameEndpoint(a: Obj, b: Obj): boolean {
  const bare = (ref: Obj) => ({ ...ref, resourceVersion: undefined });
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    equal(a.conditions ?? {}, b.conditions ?? {}) &&
    equal(bare(a.targetRef ?? {}), bare(b.targetRef ?? {}))
  );
}

/** Reuses slices to be deleted for slices to be created (finalize, recycleSlices). */
export function recycle(plan: SlicePlan, reusable: (slice: KubeObject) => boolean): void {
  plan.remove = plan.remove.filter((old) => {
    const last = plan.create.at(-1);
    if (!last || last.addressType !== old.addressType || !reusable(old)) return true;
    plan.create.pop();
    const { generateName: _, ...metadata } = last.metadata;
    const { name, namespace, uid, resourceVersion, creationTimestamp, generation, generateName } = old.metadata;
    const kept = { name, ...(generateName && { generateName }), namespace, uid, resourceVersion, creationTimestamp, generation };
    plan.update.push({ ...last, metadata: { ...metadata, ...kept } });
    return false;
  });
}

export function sliceActions(plan: SlicePlan): Action[] {
  return [
    ...plan.create.map((object): Action => ({ verb: 'create', resource: SLICES, object })),
    ...plan.update.map((object): Action => ({ verb: 'update', resource: SLICES, object })),
    ...plan.remove.map((slice) => deletion(SLICES, slice)),
  ];
}
