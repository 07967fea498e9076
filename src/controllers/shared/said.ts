import { parseTime } from '../../api/machinery/time.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { Action, EventAction } from '../../reconcile/plan.ts';
import type { IndexDefinition, View } from '../../registry/view.ts';
import { SAY_WITHIN_MS } from '../limits.ts';

/** What a stored Event says, and when it last said so, ms. */
interface Saying extends Pick<EventAction, 'type' | 'reason' | 'message'> {
  at: number;
}

/** Stored Events by the uid of what they are about, then by their namespaces and names. */
type Said = Map<string, Map<string, Saying>>;

/** The prefix of the names of pods that clean volumes. */
export const RECYCLER = 'recycler-for-';
/** The source of Events about pods whose claims cannot be made. */
export const EPHEMERAL_COMPONENT = 'ephemeral_volume';

/** What controllers ask about: claims, volumes, pods that clean volumes, and pods whose claims cannot be made. */
const KINDS = new Set(['PersistentVolumeClaim', 'PersistentVolume']);
const isAboutRecycler = ({ involvedObject: about }: KubeObject): boolean =>
  about?.kind === 'Pod' && about.name?.startsWith(RECYCLER) === true;
const concerns = (event: KubeObject): boolean =>
  KINDS.has(event.involvedObject?.kind) || isAboutRecycler(event) || event.source?.component === EPHEMERAL_COMPONENT;

const ms = (text: string | null | undefined): number => (text ? parseTime(text) || 0 : 0);

function sayingOf(event: KubeObject): Saying {
  const { type, reason = '', message = event.note ?? '', series, lastTimestamp, eventTime } = event;
  return {
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason,
    message,
    at: ms(series?.lastObservedTime ?? lastTimestamp ?? eventTime),
  };
}

function note(said: Said, event: KubeObject, isIn: boolean): void {
  const uid: string = event.involvedObject?.uid ?? '';
  const name = `${event.metadata.namespace}/${event.metadata.name}`;
  const texts = said.get(uid);
  if (isIn) {
    if (texts) texts.set(name, sayingOf(event));
    else said.set(uid, new Map([[name, sayingOf(event)]]));
  } else if (texts?.delete(name) && !texts.size) said.delete(uid);
}

const INDEX: IndexDefinition<Said> = {
  name: 'events about volumes',
  resources: ['events'],
  build(view) {
    const said: Said = new Map();
    for (const event of view.list('events')) if (concerns(event)) note(said, event, true);
    return said;
  },
  apply(said, { type, object, old }) {
    for (const gone of [old, type === 'DELETED' ? object : undefined]) if (gone && concerns(gone)) note(said, gone, false);
    if (type !== 'DELETED' && concerns(object)) note(said, object, true);
  },
};

/** What the stored Events about an object say, in the order in which they last said it. */
export const eventsAbout = (view: View, about: KubeObject): Saying[] => [
  ...(view.index(INDEX).get(about.metadata.uid)?.values() ?? []),
];

export const createdAt = (object: KubeObject): number => ms(object.metadata.creationTimestamp);

/** When an object was last written, ms. */
export const changedAt = (object: KubeObject): number =>
  Math.max(createdAt(object), ...(object.metadata.managedFields ?? []).map(({ time }: { time?: string }) => ms(time)));

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
    const isSaid = eventsAbout(this.#view, about).some(
      (event) => event.at >= since && event.reason === reason && event.message.endsWith(message),
    );
    return isSaid ? [] : [{ verb: 'event', component: this.#component, regarding: about, type, reason, message }];
  }
}
