import type { Obj } from '../lib/json.ts';

/** Statuses of pods and containers: pure builders, in the order of fields that upstream's types have. */

/** Arguments of every builder: addresses of the pod and its node, and the time. */
export interface Place {
  hostIP: string;
  podIP: string;
  now: number;
}

const RUNS = 'Always';
/** An init container that goes on beside the others. */
export const isSidecar = (container: Obj): boolean => container.restartPolicy === RUNS;

/** The condition of a type, or undefined. */
export const condition = (status: Obj | undefined, type: string): Obj | undefined =>
  status?.conditions?.find((c: Obj) => c.type === type);

/** A condition as KWOK's templates write it. */
export const plainCondition = (type: string, status: string, time: string): Obj => ({
  type,
  status,
  lastProbeTime: null,
  lastTransitionTime: time,
});

/** Conditions with `ours` first and the others (PodScheduled, DisruptionTarget, ...) after them, as a strategic merge leaves them. */
export function mergeConditions(old: Obj | undefined, ours: Obj[]): Obj[] {
  const types = new Set(ours.map((c) => c.type));
  return [...ours, ...(old?.conditions ?? []).filter((c: Obj) => !types.has(c.type))];
}

/** The status of an init container as KWOK's stage pod-ready writes it. */
export function terseInitStatus(container: Obj, time: string): Obj {
  if (isSidecar(container)) return containerStatus(container, { running: { startedAt: time } }, { ready: true, started: true });
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time };
  return containerStatus(container, { terminated }, { ready: true });
}

interface ContainerFacts {
  ready: boolean;
  started?: boolean;
  restartCount?: number;
  lastState?: Obj;
  imageID?: string;
  allocatedResources?: Obj;
  resources?: Obj;
  volumeMounts?: Obj[];
}

/** One entry of containerStatuses or initContainerStatuses. */
export function containerStatus(container: Obj, state: Obj, facts: ContainerFacts): Obj {
  return compact({
    name: container.name,
    state,
    lastState: facts.lastState ?? {},
    ready: facts.ready,
    restartCount: facts.restartCount ?? 0,
    image: container.image ?? '',
    imageID: facts.imageID ?? '',
    started: facts.started,
    allocatedResources: facts.allocatedResources,
    resources: facts.resources,
    volumeMounts: facts.volumeMounts,
  });
}

/** What a status shows of the spec of a container, started or not: its mounts (convertToAPIContainerStatuses). */
export function shownOfSpec(container: Obj): { volumeMounts?: Obj[] } {
  const mounts: Obj[] = container.volumeMounts ?? [];
  if (!mounts.length) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) =>
      compact({
        name,
        mountPath,
        readOnly: readOnly || undefined,
        recursiveReadOnly: readOnly ? (isRecursive(recursiveReadOnly) ? 'Enabled' : 'Disabled') : undefined,
      }),
    ),
  };
}

const isRecursive = (mode: string | undefined): boolean => mode === 'Enabled' || mode === 'IfPossible';

/** What a container that has been started has of resources: what its spec asks for is given. */
export const resourcesOf = ({ resources = {} }: Obj): { allocatedResources?: Obj; resources: Obj } => ({
  ...(resources.requests && { allocatedResources: resources.requests }),
  resources: compact({ limits: resources.limits, requests: resources.requests }),
});

/** Fields before `phase` and those that belong to others. */
export function keptOf(status: Obj): Obj {
  return compact({ observedGeneration: status.observedGeneration, nominatedNodeName: status.nominatedNodeName });
}

/** Addresses; a pod keeps the one it has. */
export function placeOf(status: Obj, at: Place): Obj {
  const podIP = status.podIP || at.podIP;
  return {
    hostIP: at.hostIP,
    hostIPs: [{ ip: at.hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
  };
}

/** Drops undefined fields. */
export function compact(object: Obj): Obj {
  for (const key in object) if (object[key] === undefined) delete object[key];
  return object;
}
