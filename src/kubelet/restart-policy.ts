import type { KubeObject, Obj } from '../lib/json.ts';
import { isSidecar } from './status.ts';

/** What a container is in its pod. */
export type Role = 'init' | 'sidecar' | 'main' | 'ephemeral';

/** Roles of init containers: a sidecar goes on beside the others. */
export const initRole = (container: Obj): Role => (isSidecar(container) ? 'sidecar' : 'init');

/** Whether the policies let a container that ended with this code start again (podutil ContainerShouldRestart): its rules, its policy, the pod's. */
export function shouldRestart(container: Obj, spec: Obj, exitCode: number): boolean {
  const own: string | undefined = container.restartPolicy;
  if (own && (container.restartPolicyRules ?? []).some((rule: Obj) => matches(rule.exitCodes, exitCode))) return true;
  const policy: string | undefined = own ?? spec.restartPolicy;
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

function matches(exitCodes: Obj | undefined, exitCode: number): boolean {
  const isListed = (exitCodes?.values ?? []).includes(exitCode);
  return exitCodes?.operator === 'In' ? isListed : exitCodes?.operator === 'NotIn' && !isListed;
}

/** Whether a container that ended with this code starts again: an init container that succeeded and an ephemeral one never do. */
export function restarts(container: Obj, role: Role, { spec }: KubeObject, exitCode: number): boolean {
  if (role === 'ephemeral' || (role === 'init' && exitCode === 0)) return false;
  return shouldRestart(container, spec, exitCode);
}

/** Whether a container that a failed probe ends starts again: the code of its end is not known yet (computePodActions). */
export const restartsAfterProbe = (container: Obj, { spec }: KubeObject): boolean =>
  (container.restartPolicy ?? spec.restartPolicy) !== 'Never';
