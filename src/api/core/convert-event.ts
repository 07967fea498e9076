import type { Obj } from '../../lib/json.ts';
import { goSchema } from '../schema/go.ts';
import type { ServedVersion } from '../machinery/define-kind.ts';

/** events.k8s.io/v1 name -> core/v1 name of the fields that are called differently (pkg/apis/events/v1/conversion.go). */
const NAMES: [string, string][] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];
const toCore = new Map(NAMES);
const fromCore = new Map(NAMES.map(([a, b]) => [b, a]));

function rename(object: Obj, names: Map<string, string>, apiVersion: string): Obj {
  const out: Obj = { kind: 'Event', apiVersion };
  for (const key in object) if (key !== 'kind' && key !== 'apiVersion') out[names.get(key) ?? key] = object[key];
  return out;
}

const SAME = ['metadata.name', 'metadata.namespace', 'reason', 'type'];
const REGARDING = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** One stored Event, seen as events.k8s.io/v1. */
export const eventsV1: ServedVersion = {
  group: 'events.k8s.io',
  version: 'v1',
  schema: goSchema('io.k8s.api.events.v1.Event'),
  fieldLabels: {
    ...Object.fromEntries(SAME.map((label) => [label, label])),
    ...Object.fromEntries(REGARDING.map((field) => [`regarding.${field}`, `involvedObject.${field}`])),
    reportingController: 'reportingComponent',
  },
  toStored(object) {
    const out = rename(object, toCore, 'v1');
    // These four are printed always by core/v1 (no omitempty on a struct or string).
    out.involvedObject ??= {};
    out.source ??= {};
    out.firstTimestamp ??= null;
    out.lastTimestamp ??= null;
    out.eventTime ??= null;
    out.reportingComponent ??= '';
    out.reportingInstance ??= '';
    return out;
  },
  fromStored(object) {
    const out = rename(object, fromCore, 'events.k8s.io/v1');
    if (out.reportingController === '') delete out.reportingController;
    if (out.reportingInstance === '') delete out.reportingInstance;
    out.eventTime ??= null;
    return out;
  },
};
