import { parseTime } from '../api/machinery/time.ts';
import type { KubeObject } from '../lib/json.ts';
import type { IndexDefinition, View } from '../registry/view.ts';
import type { EventAction } from './plan.ts';

/** What a stored Event says, and when it last said so, ms. */
export interface Saying extends Pick<EventAction, 'type' | 'reason' | 'message'> {
  /** The part of the object that it is about; empty: the whole. */
  fieldPath: string;
  at: number;
}

/** Stored Events by the uid of what they are about, then by their namespaces and names. */
type Said = Map<string, Map<string, Saying>>;

/** A time of an Event, ms; 0 for none. */
export const eventTime = (text: string | null | undefined): number => (text ? parseTime(text) || 0 : 0);

function sayingOf(event: KubeObject): Saying {
  const { type, reason = '', message = event.note ?? '', series, lastTimestamp, eventTime: since } = event;
  return {
    type: type === 'Warning' ? 'Warning' : 'Normal',
    reason,
    message,
    fieldPath: event.involvedObject?.fieldPath ?? '',
    at: eventTime(series?.lastObservedTime ?? lastTimestamp ?? since),
  };
}

function note(said: Said, event: KubeObject, isIn: boolean): void {
  const uid: string = event.involvedObject?.uid ?? '';
  const name = `${event.metadata.namespace}/${event.metadata.name}`;
  const sayings = said.get(uid);
  if (isIn) {
    if (sayings) sayings.set(name, sayingOf(event));
    else said.set(uid, new Map([[name, sayingOf(event)]]));
  } else if (sayings?.delete(name) && !sayings.size) said.delete(uid);
}

const INDEX: IndexDefinition<Said> = {
  name: 'events by their objects',
  resources: ['events'],
  build(view) {
    const said: Said = new Map();
    for (const event of view.list('events')) note(said, event, true);
    return said;
  },
  apply(said, { type, object, old }) {
    if (old) note(said, old, false);
    note(said, object, type !== 'DELETED');
  },
};

/**
 * What the stored Events about an object say, in the order in which they were first written: the memory of who has to know what it said. The index is
 * built when somebody asks for the first time.
 */
export const sayingsAbout = (view: View, { metadata }: KubeObject): Saying[] => [
  ...(view.index(INDEX).get(metadata.uid)?.values() ?? []),
];
