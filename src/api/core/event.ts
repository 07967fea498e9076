import type { KubeObject, Obj } from '../../lib/json.ts';
import { columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import type { KindRules } from '../machinery/define-kind.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { byteLength, isDns1123Subdomain } from '../machinery/names.ts';
import { age } from '../machinery/time.ts';
import { checkQualifiedName, each } from './validation.ts';

/** Event as core/v1 takes it (core/validation/events.go, legacyValidateEvent). */

const TEXT_MAX = 128;
const NOTE_MAX = 1024;

/** The checks of every Event. `controllerField` is what the request's version calls reportingController. */
export function legacyValidate(object: KubeObject, controllerField: string): FieldError[] {
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

export const rules: KindRules = {
  createOnUpdate: true,
  validateCreate: (object) => legacyValidate(object, 'reportingComponent'),
  validateUpdate: (object) => legacyValidate(object, 'reportingComponent'),
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
};
