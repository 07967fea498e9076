import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { byteLength, isDns1123Subdomain } from '../machinery/names.ts';
import { age } from '../machinery/time.ts';
import { checkQualifiedName, each } from '../machinery/checks.ts';
import { eventsV1 } from './convert-event.ts';

/** Event as core/v1 takes it (core/validation/events.go, legacyValidateEvent). */

const TEXT_MAX = 128;
const NOTE_MAX = 1024;

/** The checks of every Event. `controllerField` is what the request's version calls reportingController. */
function legacyValidate(object: KubeObject, controllerField: string): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = object.metadata.namespace ?? '';
  const involved: string = object.involvedObject?.namespace ?? '';
  const mismatch = () => errors.push(invalid('involvedObject.namespace', involved, 'does not match event.namespace'));
  if (!object.eventTime) {
    if (involved ? namespace !== involved : namespace !== '' && namespace !== 'default') mismatch();
  } else {
    if (!involved && namespace !== 'default' && namespace !== 'kube-system') mismatch();
    const controller: string = object.reportingComponent ?? '';
    if (!controller) errors.push(required(controllerField));
    errors.push(...checkQualifiedName(controller, controllerField));
    for (const [field, text] of [
      ['reportingInstance', object.reportingInstance],
      ['action', object.action],
      ['reason', object.reason],
    ] as const) {
      if (!text) errors.push(required(field));
      else if (byteLength(text) > TEXT_MAX) errors.push(invalid(field, '', `can have at most ${TEXT_MAX} characters`));
    }
    if (byteLength(object.message ?? '') > NOTE_MAX)
      errors.push(invalid('message', '', `can have at most ${NOTE_MAX} characters`));
  }
  errors.push(...each('namespace', namespace, isDns1123Subdomain(namespace)));
  return errors;
}

const STRICT = 'events.k8s.io/v1';

/** Checks that events.k8s.io/v1 adds; fields have the names of core. */
function strictCreate(object: KubeObject): FieldError[] {
  const { metadata, type = '' } = object;
  const errors = validateObjectMeta(metadata, true, 'dns-subdomain', 'metadata');
  errors.push(...seriesErrors(object));
  if (!object.eventTime) errors.push(required('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${type}`));
  const unset = (field: string) => errors.push(invalid(field, '', 'needs to be unset'));
  if (object.firstTimestamp) unset('firstTimestamp');
  if (object.lastTimestamp) unset('lastTimestamp');
  if (object.count) unset('count');
  if (object.source?.component || object.source?.host) unset('source');
  return errors;
}

function seriesErrors({ series }: KubeObject): FieldError[] {
  if (!series) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
  if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'));
  return errors;
}

const FIXED = [
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
];
/** Zero values of the Go fields, as errors print them. */
const ZERO: Obj = { reason: '', message: '', type: '', action: '', reportingComponent: '', reportingInstance: '', count: 0 };

function strictUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = equal(object.series ?? null, old.series ?? null) ? [] : seriesErrors(object);
  const fixed = (field: string, path: string) => {
    const zero = ZERO[field] ?? null;
    if (!equal(object[field] ?? zero, old[field] ?? zero)) errors.push(invalid(path, object[field] ?? zero, FIELD_IMMUTABLE));
  };
  fixed('involvedObject', 'involvedObject');
  for (const field of FIXED) fixed(field, field);
  fixed('reportingComponent', 'reportingController');
  fixed('reportingInstance', 'reportingInstance');
  return errors;
}

const since = (time: string | undefined, now: number): string => age(time, now);

const first = (object: KubeObject, now: number) => since(object.firstTimestamp ?? object.eventTime, now);

function last(object: KubeObject, now: number): string {
  if (object.series) return since(object.series.lastObservedTime, now);
  return object.lastTimestamp ? since(object.lastTimestamp, now) : first(object, now);
}

function target(object: KubeObject): string {
  const involved: Obj = object.involvedObject ?? {};
  const kind = (involved.kind ?? '').toLowerCase();
  return involved.name ? `${kind}/${involved.name}` : kind;
}

function source(object: KubeObject): string {
  const component = object.source?.component || object.reportingComponent || '';
  const instance = object.source?.host || object.reportingInstance || '';
  return instance ? `${component}, ${instance}` : component;
}

const involved = (field: string): string[] => ['involvedObject', field];

export const Event = defineKind({
  group: '',
  version: 'v1',
  kind: 'Event',
  resource: 'events',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Event'),
  shortNames: ['ev'],
  versions: [eventsV1],
  defaultPropagation: 'Unsupported',
  names: 'path-segment',
  metaLast: true,
  skipsMetaOnUpdate: true,
  createOnUpdate: true,
  validateCreate: (object, cx) => [
    ...legacyValidate(object, cx.apiVersion === STRICT ? 'reportingController' : 'reportingComponent'),
    ...(cx.apiVersion === STRICT ? strictCreate(object) : []),
  ],
  validateUpdate: (object, old, cx) => [
    ...legacyValidate(object, cx.apiVersion === STRICT ? 'reportingController' : 'reportingComponent'),
    ...(cx.apiVersion === STRICT ? strictUpdate(object, old) : []),
  ],
  selectable: {
    'involvedObject.kind': involved('kind'),
    'involvedObject.namespace': involved('namespace'),
    'involvedObject.name': involved('name'),
    'involvedObject.uid': involved('uid'),
    'involvedObject.apiVersion': involved('apiVersion'),
    'involvedObject.resourceVersion': involved('resourceVersion'),
    'involvedObject.fieldPath': involved('fieldPath'),
    reason: ['reason'],
    reportingComponent: ['reportingComponent'],
    source: ['source', 'component'],
    type: ['type'],
  },
  columns: columnsOf(
    'events',
    last,
    textCell('type'),
    textCell('reason'),
    target,
    textCell('involvedObject', 'fieldPath'),
    source,
    (object) => (object.message ?? '').trim(),
    first,
    (object) => object.series?.count ?? (object.count || 1),
    nameCell,
  ),
});
