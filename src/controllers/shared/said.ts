import type { KubeObject } from '../../lib/json.ts';
import type { Action, EventAction } from '../../reconcile/plan.ts';
import type { IndexDefinition, View } from '../../registry/view.ts';
import { eventFor } from './events.ts';

/** What an Event says. */
type Saying = Pick<EventAction, 'type' | 'reason' | 'message'>;

/** Stored Events by the uid of what they are about, then by their names. */
type Said = Map<string, Map<string, Saying>>;

/** The prefix of the names of pods that clean volumes. */
export const RECYCLER = 'recycler-for-';

/** What controllers ask about: claims, volumes, and pods that clean volumes. */
const KINDS = new Set(['PersistentVolumeClaim', 'PersistentVolume']);
export const isAboutRecycler = ({ involvedObject: about }: KubeObject): boolean =>
  about?.kind === 'Pod' && about.name?.startsWith(RECYCLER) === true;
/** The source of Events about pods whose claims cannot be made. */
export const EPHEMERAL_COMPONENT = 'ephemeral_volume';
const concerns = (event: KubeObject): boolean =>
  KINDS.has(event.involvedObject?.kind) || isAboutRecycler(event) || event.source?.component === EPHEMERAL_COMPONENT;

function note(said: Said, event: KubeObject, isIn: boolean): void {
  const uid: string = event.involvedObject?.uid ?? '';
  const { name } = event.metadata;
  const texts = said.get(uid);
  if (isIn) {
    const { type, reason = '', message = event.note ?? '' } = event;
    const saying: Saying = { type: type === 'Warning' ? 'Warning' : 'Normal', reason, message };
    if (texts) texts.set(name, saying);
    else said.set(uid, new Map([[name, saying]]));
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
  apply(said, { type, object }) {
    if (concerns(object)) note(said, object, type !== 'DELETED');
  },
};

/** What the stored Events about an object say, oldest first. */
export const eventsAbout = (view: View, about: KubeObject): Saying[] => [
  ...(view.index(INDEX).get(about.metadata.uid)?.values() ?? []),
];

/**
 * An Event that says what is wrong as long as it is: upstream repeats it at every resync (15 s) and so counts how often it looked; here
 * nothing is looked at again before something changes, and it is said once.
 */
export function sayOnce(
  view: View,
  component: string,
  about: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Action[] {
  const isSaid = eventsAbout(view, about).some((event) => event.reason === reason && event.message === message);
  return isSaid ? [] : [eventFor(component, about, type, reason, message)];
}
