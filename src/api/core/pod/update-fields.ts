/** Fields of features that are off by default in 1.36: dropped unless the stored object uses them (pkg/api/pod dropDisabledFields). */
import type { Obj } from '../../../lib/json.ts';
import { visitContainers } from '../../machinery/spec-checks.ts';

const PROJECTIONS = ['clusterTrustBundle', 'podCertificate'];

const projectionInUse = (spec: Obj | undefined, field: string): boolean =>
  (spec?.volumes ?? []).some((v: Obj) => (v.projected?.sources ?? []).some((s: Obj) => s[field] !== undefined));

function stopSignalInUse(spec: Obj | undefined): boolean {
  let found = false;
  if (spec) {
    visitContainers(spec, '', (container) => {
      if (container.lifecycle?.stopSignal !== undefined) found = true;
    });
  }
  return found;
}

/** Mutates `spec`. */
export function dropDisabledPodFields(spec: Obj, old?: Obj): void {
  for (const volume of spec.volumes ?? []) {
    if (volume.projected?.sources) dropProjections(volume.projected.sources, old);
  }
  if (spec.schedulingGroup !== undefined && old?.schedulingGroup === undefined) delete spec.schedulingGroup;
  visitContainers(spec, '', (container) => {
    const { lifecycle } = container;
    if (lifecycle?.stopSignal === undefined || stopSignalInUse(old)) return;
    delete lifecycle.stopSignal;
    if (Object.keys(lifecycle).length === 0) delete container.lifecycle;
  });
}

function dropProjections(sources: Obj[], old: Obj | undefined): void {
  for (const source of sources) {
    for (const field of PROJECTIONS) if (source[field] !== undefined && !projectionInUse(old, field)) delete source[field];
  }
}

const statusLists = (status: Obj | undefined): Obj[] => [
  ...(status?.containerStatuses ?? []),
  ...(status?.initContainerStatuses ?? []),
  ...(status?.ephemeralContainerStatuses ?? []),
];

/** The same for a pod's status. Mutates. */
export function dropDisabledStatusFields(status: Obj, old: Obj | undefined): void {
  const used = statusLists(old).some((s) => (s.volumeMounts ?? []).some((m: Obj) => m.volumeStatus));
  if (!used) for (const s of statusLists(status)) for (const mount of s.volumeMounts ?? []) delete mount.volumeStatus;
  if (!old?.nodeAllocatableResourceClaimStatuses) delete status.nodeAllocatableResourceClaimStatuses;
}
