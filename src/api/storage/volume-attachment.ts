import { equal, type KubeObject } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { validateDriverName } from '../core/volume/sources.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, forbidden, invalid, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isDns1123Subdomain } from '../machinery/names.ts';

/** VolumeAttachment (registry/storage/volumeattachment/strategy.go, storage/validation). */

const ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

function validate(object: KubeObject): FieldError[] {
  const { attacher = '', source = {}, nodeName = '' } = object.spec ?? {};
  const { inlineVolumeSpec, persistentVolumeName: volume } = source;
  const errors: FieldError[] = [];
  validateDriverName(attacher, 'spec.attacher', errors);
  if (inlineVolumeSpec === undefined && volume === undefined) errors.push(required('spec.source', ONE));
  else if (inlineVolumeSpec !== undefined && volume !== undefined) errors.push(forbidden('spec.source', ONE));
  else if (volume === '')
    errors.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'));
  errors.push(...each('spec.nodeName', nodeName, isDns1123Subdomain(nodeName)));
  if (volume !== undefined) errors.push(...each('spec.source.persistentVolumeName', volume, isDns1123Subdomain(volume)));
  return errors;
}

/** Field names of the internal type, as an error prints the whole spec. */
function shown({ spec }: KubeObject): unknown {
  const { attacher = '', source = {}, nodeName = '' } = spec ?? {};
  const Source = { PersistentVolumeName: source.persistentVolumeName ?? null, InlineVolumeSpec: source.inlineVolumeSpec ?? null };
  return { Attacher: attacher, Source, NodeName: nodeName };
}

export const VolumeAttachment = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  namespaced: false,
  schema: goSchema('io.k8s.api.storage.v1.VolumeAttachment'),
  status: true,
  returnsDeleted: true,
  statusResetsMetadata: true,
  needsResourceVersion: true,
  skipsMetaOnUpdate: true,
  prepareUpdate(object, old) {
    object.status = old.status;
  },
  validateCreate: validate,
  validateUpdate(object, old) {
    const errors = [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)];
    return equal(object.spec, old.spec) ? errors : [...errors, invalid('spec', shown(object), FIELD_IMMUTABLE)];
  },
  columns: columnsOf(
    'storage.k8s.io/volumeattachments',
    nameCell,
    textCell('spec', 'attacher'),
    textCell('spec', 'source', 'persistentVolumeName'),
    textCell('spec', 'nodeName'),
    (object) => object.status?.attached ?? false,
    ageCell,
  ),
});
