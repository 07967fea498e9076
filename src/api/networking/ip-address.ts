import { equal, type KubeObject } from '../../lib/json.ts';
import { checkSubdomain, each } from '../machinery/checks.ts';
import { columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isCanonicalIP, isPathSegmentName } from '../machinery/names.ts';

/** IPAddress (registry/networking/ipaddress/strategy.go, networking/validation). */

const names = (name: string): string[] => isCanonicalIP(name);

function validate(object: KubeObject): FieldError[] {
  const ref = object.spec?.parentRef;
  if (!ref) return [required('spec.parentRef')];
  const path = 'spec.parentRef';
  const errors: FieldError[] = ref.group ? checkSubdomain(ref.group, `${path}.group`) : [];
  for (const field of ['resource', 'name'] as const) {
    if (!ref[field]) errors.push(required(`${path}.${field}`));
    else errors.push(...each(`${path}.${field}`, ref[field], isPathSegmentName(ref[field])));
  }
  if (ref.namespace) errors.push(...each(`${path}.namespace`, ref.namespace, isPathSegmentName(ref.namespace)));
  return errors;
}

function parent(object: KubeObject): string {
  const ref = object.spec?.parentRef;
  if (!ref) return '<none>';
  const resource = (ref.group ? `${ref.resource}.${ref.group}` : ref.resource).toLowerCase();
  return [resource, ...(ref.namespace ? [ref.namespace] : []), ref.name].join('/');
}

/** Field names of the internal type, as an error prints the whole reference. */
function shown(object: KubeObject): unknown {
  const ref = object.spec?.parentRef;
  if (!ref) return null;
  return { Group: ref.group ?? '', Resource: ref.resource ?? '', Namespace: ref.namespace ?? '', Name: ref.name ?? '' };
}

export const IPAddress = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  namespaced: false,
  schema: goSchema('io.k8s.api.networking.v1.IPAddress'),
  shortNames: ['ip'],
  names,
  validateCreate: validate,
  validateUpdate(object, old) {
    const errors = [...validateObjectMeta(object.metadata, false, names, 'metadata'), ...validate(object)];
    if (!equal(object.spec?.parentRef ?? null, old.spec?.parentRef ?? null)) {
      errors.push(invalid('spec.parentRef', shown(object), FIELD_IMMUTABLE));
    }
    return errors;
  },
  selectable: { 'spec.parentRef.name': ['spec', 'parentRef', 'name'] },
  columns: columnsOf('networking.k8s.io/ipaddresses', nameCell, parent),
});
