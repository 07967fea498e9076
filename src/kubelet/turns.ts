import type { KubeObject, Obj } from '../lib/json.ts';
import { initRole, type Role, restarts } from './restart-policy.ts';

/** A container of a pod and the role that it has there. */
export interface Member {
  container: Obj;
  role: Role;
}

/** Statuses of the containers of a pod by name. */
export type Statuses = ReadonlyMap<string, Obj>;

const membersOf = (containers: Obj[] | undefined, roleOf: (container: Obj) => Role): Member[] =>
  (containers ?? []).map((container) => ({ container, role: roleOf(container) }));

/** All containers of a pod, in the order in which they are started. */
export const members = ({ spec }: KubeObject): Member[] => [
  ...membersOf(spec.initContainers, initRole),
  ...membersOf(spec.containers, () => 'main'),
  ...membersOf(spec.ephemeralContainers, () => 'ephemeral'),
];

/** Statuses that the pod's own status has. */
export const statusesOf = ({ status = {} }: KubeObject): Statuses =>
  new Map(
    [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses].flatMap(
      (list: Obj[] | undefined) => (list ?? []).map((c): [string, Obj] => [c.name, c]),
    ),
  );

/** Whether a container has been started, now or before. */
export const hasRun = (status: Obj | undefined): boolean =>
  status?.state?.running !== undefined || status?.state?.terminated !== undefined || status?.lastState?.terminated !== undefined;

/** How a container ended last, if it does not run. */
export const endOf = (status: Obj | undefined): Obj | undefined =>
  status?.state?.running ? undefined : (status?.state?.terminated ?? status?.lastState?.terminated);

/** How far a pod is. */
export interface Turns {
  /** Containers that may be pulled and started now. */
  names: ReadonlySet<string>;
  /** An init container that failed and is not started again, so the pod has failed. */
  failedInit?: Obj;
}

/**
 * Which containers are in turn (computeInitContainerActions): init containers one after the other, each when the one before has succeeded or, of a
 * sidecar, has started; the main ones after them; ephemeral ones at any time. Of a pod whose main containers have been started, sidecars and main ones.
 */
export function turnsOf(pod: KubeObject, statuses: Statuses): Turns {
  const { spec } = pod;
  const names = new Set<string>((spec.ephemeralContainers ?? []).map((c: Obj) => c.name));
  const isInitialized = (spec.containers as Obj[]).some((c) => hasRun(statuses.get(c.name)));
  for (const { container, role } of membersOf(spec.initContainers, initRole)) {
    const status = statuses.get(container.name);
    if (isInitialized && role === 'init') continue;
    const ended = role === 'init' ? endOf(status) : undefined;
    if (ended && ended.exitCode !== 0 && !restarts(container, role, pod, ended.exitCode)) return { names, failedInit: container };
    if (ended?.exitCode === 0) continue;
    names.add(container.name);
    if (!isInitialized && !(role === 'sidecar' && status?.state?.running && status.started)) return { names };
  }
  for (const container of spec.containers as Obj[]) names.add(container.name);
  return { names };
}

/** Whether the main containers have ended for good: what still runs is stopped. */
export const isWorkDone = (pod: KubeObject, statuses: Statuses): boolean =>
  (pod.spec.containers as Obj[]).every((container) => {
    const terminated = statuses.get(container.name)?.state?.terminated;
    return terminated !== undefined && !restarts(container, 'main', pod, terminated.exitCode);
  });
