import type { KubeObject, Obj } from '../../../lib/json.ts';
import type { EventAction } from '../../../reconcile/plan.ts';
import type { Behaviour } from './behaviour.ts';
import { crashDelay } from './state.ts';

type Text = (container: Obj, pod: KubeObject, behaviour: Behaviour) => string;
type Saying = [type: EventAction['type'], reason: string, message: Text];

/** The events a kubelet says about a container, by the names that stages use (pkg/kubelet/events, kuberuntime, images). */
const SAYINGS: Record<string, Saying> = {
  Pulling: ['Normal', 'Pulling', (c) => `Pulling image "${c.image}"`],
  Pulled: ['Normal', 'Pulled', (c, _pod, { pullSeconds: n }) => `Successfully pulled image "${c.image}" in ${pulled(n)}`],
  Present: ['Normal', 'Pulled', (c) => `Container image "${c.image}" already present on machine and can be accessed by the pod`],
  Created: ['Normal', 'Created', () => 'Container created'],
  Started: ['Normal', 'Started', () => 'Container started'],
  PullFailed: ['Warning', 'Failed', (c) => `Failed to pull image "${c.image}": ${pullError(c)}`],
  ErrImagePull: ['Warning', 'Failed', () => 'Error: ErrImagePull'],
  BackOffPull: ['Normal', 'BackOff', (c) => `Back-off pulling image "${c.image}"`],
  ImagePullBackOff: ['Warning', 'Failed', () => 'Error: ImagePullBackOff'],
  BackOffRestart: ['Warning', 'BackOff', (c, pod) => `Back-off restarting failed container ${c.name} in pod ${podName(pod)}`],
  Killing: ['Normal', 'Killing', (c) => `Stopping container ${c.name}`],
};

const podName = (pod: KubeObject): string => `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;

/** Nothing is queued and nothing has a size here. */
const pulled = (seconds: number): string => `${seconds}s (${seconds}s including waiting). Image size: 0 bytes.`;

/** Why a simulated pull fails, as containerd words an image that does not exist. */
export const pullError = (container: Obj): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${container.image}": failed to resolve reference ` +
  `"${container.image}": ${container.image}: not found`;

/** The message of CrashLoopBackOff. */
export const crashMessage = (container: Obj, pod: KubeObject): string =>
  `back-off ${clock(crashDelay(pod) / 1000)} restarting failed container=${container.name} pod=${podName(pod)}`;

/** Seconds as Go prints a duration. */
const clock = (seconds: number): string => (seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`);

/** The events of a stage for every container of the pod. */
export function eventsOf(names: readonly string[] | undefined, pod: KubeObject, behaviour: Behaviour): EventAction[] {
  if (!names?.length) return [];
  return pod.spec.containers.flatMap((container: Obj) =>
    names.map((name): EventAction => {
      const [type, reason, message] = SAYINGS[name];
      return {
        verb: 'event',
        regarding: pod,
        type,
        reason,
        message: message(container, pod, behaviour),
        component: 'kubelet',
        fieldPath: `spec.containers{${container.name}}`,
      };
    }),
  );
}
