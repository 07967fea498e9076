import { parseTime } from '../../api/machinery/time.ts';
import type { ContainerObservation, ImageState, Observation, ProcessState } from '../../kubelet/runtime.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';

const PULLED: ImageState = { state: 'present', pulledInMs: 0 };
const NO_PROCESS: ProcessState = { state: 'none' };

/** KWOK's default stages (kustomize/stage/pod/fast): a started pod is ready, a Job's pod succeeds at once, a deleted pod stops at once. */
export function observeFast(pod: KubeObject, now: number): Observation {
  const containers: Record<string, ContainerObservation> = {};
  const process = processOf(pod, now);
  for (const { name } of pod.spec.containers as Obj[]) containers[name] = { image: PULLED, process };
  return { containers, isStopped: pod.metadata.deletionTimestamp !== undefined, isTerse: true };
}

/** The same for every container: those of a fast pod change state together. */
function processOf({ metadata, status }: KubeObject, now: number): ProcessState {
  const first: Obj | undefined = status?.containerStatuses?.[0];
  if (!first) return NO_PROCESS;
  const attempt: number = first.restartCount ?? 0;
  const { running, terminated } = first.state ?? {};
  if (running) {
    if (metadata.deletionTimestamp === undefined && metadata.ownerReferences?.some((ref) => ref.kind === 'Job'))
      return { state: 'exited', attempt, startedAt: now, finishedAt: now, exitCode: 0 };
    return { state: 'running', attempt, startedAt: parseTime(running.startedAt), isReady: first.ready === true };
  }
  const ended: Obj | undefined = terminated ?? first.lastState?.terminated;
  if (!ended) return NO_PROCESS;
  const [startedAt, finishedAt] = [parseTime(ended.startedAt), parseTime(ended.finishedAt)];
  return { state: 'exited', attempt, startedAt, finishedAt, exitCode: ended.exitCode };
}
