import type { KubeObject } from '../../lib/json.ts';
import type { EventAction } from '../../reconcile/plan.ts';

/** The action that records an Event about an object. */
export function eventFor(
  component: string,
  regarding: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): EventAction {
  return { verb: 'event', regarding, type, reason, message, component };
}
