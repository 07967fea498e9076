import type { KubeObject, Obj } from '../lib/json.ts';
import type { EventAction } from '../reconcile/plan.ts';
import type { ImageState } from './runtime.ts';

type Text = (container: Obj, pod: KubeObject, image: ImageState, detail: string) => string;
type Saying = [type: EventAction['type'], reason: string, message: Text];

/** The events of a kubelet about a container, by the names that its steps use (pkg/kubelet/events, kuberuntime, images). */
const EVENTS = {
  Pulling: ['Normal', 'Pulling', (c) => `Pulling image "${c.image}"`],
  Pulled: ['Normal', 'Pulled', (c, _pod, image) => `Successfully pulled image "${c.image}" in ${pulledIn(image)}`],
  Present: ['Normal', 'Pulled', (c) => `Container image "${c.image}" already present on machine and can be accessed by the pod`],
  Created: ['Normal', 'Created', () => 'Container created'],
  Started: ['Normal', 'Started', () => 'Container started'],
  PullFailed: ['Warning', 'Failed', (c, _pod, image) => `Failed to pull image "${c.image}": ${errorOf(image)}`],
  ErrImagePull: ['Warning', 'Failed', () => 'Error: ErrImagePull'],
  BackOffPull: ['Normal', 'BackOff', (c) => `Back-off pulling image "${c.image}"`],
  ImagePullBackOff: ['Warning', 'Failed', () => 'Error: ImagePullBackOff'],
  BackOffRestart: ['Warning', 'BackOff', (c, pod) => `Back-off restarting failed container ${c.name} in pod ${podName(pod)}`],
  Killing: ['Normal', 'Killing', (c, _pod, _image, why) => why || `Stopping container ${c.name}`],
  Unhealthy: ['Warning', 'Unhealthy', (_c, _pod, _image, why) => why],
  postStart: ['Warning', 'FailedPostStartHook', () => 'PostStartHook failed'],
  preStop: ['Warning', 'FailedPreStopHook', () => 'PreStopHook failed'],
} satisfies Record<string, Saying>;

/** Name of an event about a container; with what its message depends on. */
export type Said = keyof typeof EVENTS | readonly [name: keyof typeof EVENTS, detail: string];

const podName = (pod: KubeObject): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;

const errorOf = (image: ImageState): string => (image.state === 'failed' ? image.error : '');

/** How long the pull took; nothing is queued and nothing has a size here. */
function pulledIn(image: ImageState): string {
  const seconds = (image.state === 'present' ? image.pulledInMs : 0) / 1000;
  return `${seconds}s (${seconds}s including waiting). Image size: 0 bytes.`;
}

/** Where a container is in its pod (kubecontainer GenerateContainerRef). */
export function fieldPath({ name }: Obj, { spec }: KubeObject): string {
  const list = ['initContainers', 'ephemeralContainers'].find((key) => spec[key]?.some((c: Obj) => c.name === name));
  return `spec.${list ?? 'containers'}{${name}}`;
}

/** The message of CrashLoopBackOff. */
export const crashMessage = (container: Obj, pod: KubeObject, delayMs: number): string =>
  `back-off ${goDuration(delayMs / 1000)} restarting failed container=${container.name} pod=${podName(pod)}`;

/** Seconds as Go prints a duration. */
const goDuration = (seconds: number): string => (seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`);

/** The events of a step about a container. */
export function eventsOf(names: readonly Said[] | undefined, pod: KubeObject, container: Obj, image: ImageState): EventAction[] {
  return (names ?? []).map((said): EventAction => {
    const [name, detail] = typeof said === 'string' ? [said, ''] : said;
    const [type, reason, message]: Saying = EVENTS[name];
    return {
      verb: 'event',
      regarding: pod,
      type,
      reason,
      message: message(container, pod, image, detail),
      component: 'kubelet',
      fieldPath: fieldPath(container, pod),
    };
  });
}
