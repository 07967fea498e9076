import type { KubeObject } from '../../lib/json.ts';
import type { Action } from '../../reconcile/plan.ts';
import { eventTime, sayingsAbout } from '../../reconcile/said.ts';
import type { View } from '../../registry/view.ts';
import { SAY_WITHIN_MS } from '../limits.ts';

/** When an object was created, ms. */
export const createdAt = (object: KubeObject): number => eventTime(object.metadata.creationTimestamp);

/** When an object was last written, ms. */
export const changedAt = (object: KubeObject): number =>
  Math.max(createdAt(object), ...(object.metadata.managedFields ?? []).map(({ time }: { time?: string }) => eventTime(time)));

/**
 * Events that say what is wrong. Upstream says it again at each resync (15 s); here it is said once after each change of what led to it,
 * and only soon after: an Event that has expired is not written anew when a cluster wakes and looks at everything.
 */
export class Speaker {
  readonly #view: View;
  readonly #component: string;
  readonly #now: number;

  constructor(view: View, component: string, now: number) {
    this.#view = view;
    this.#component = component;
    this.#now = now;
  }

  say(about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, since = changedAt(about)): Action[] {
    if (this.#now - since > SAY_WITHIN_MS) return [];
    const isSaid = sayingsAbout(this.#view, about).some(
      (event) => event.at >= since && event.reason === reason && event.message.endsWith(message),
    );
    return isSaid ? [] : [{ verb: 'event', component: this.#component, regarding: about, type, reason, message }];
  }
}
