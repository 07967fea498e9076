import type { Obj } from '../../../lib/json.ts';
import { type FieldError, forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { validateDriverName, simpleSources } from './sources.ts';

/** Validation of the source of a PersistentVolume: exactly one (ValidatePersistentVolumeSpec). Most are as in pods' volumes. */

/** In the order in which upstream looks, with the name of the field in errors where that differs. */
const SOURCES: [string, string?][] = [
  ['hostPath'],
  ['gcePersistentDisk', 'persistentDisk'],
  ['awsElasticBlockStore'],
  ['glusterfs'],
  ['flocker'],
  ['nfs'],
  ['rbd'],
  ['quobyte'],
  ['cephfs'],
  ['iscsi'],
  ['cinder'],
  ['fc'],
  ['flexVolume'],
  ['azureFile'],
  ['vsphereVolume'],
  ['photonPersistentDisk'],
  ['portworxVolume'],
  ['azureDisk'],
  ['scaleIO'],
  ['local'],
  ['storageos'],
  ['csi'],
];
export const SOURCE_FIELDS: string[] = SOURCES.map(([field]) => field);

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
  'nodeStageSecretRef',
] as const;

function csi(source: Obj, path: string, errors: FieldError[]): void {
  validateDriverName(source.driver ?? '', `${path}.driver`, errors);
  if (!source.volumeHandle) errors.push(required(`${path}.volumeHandle`));
  for (const secret of SECRETS) {
    const ref = source[secret];
    if (!ref) continue;
    if (!ref.name) errors.push(required(`${path}.${secret}.name`));
    if (!ref.namespace) errors.push(required(`${path}.${secret}.namespace`));
  }
}

function local(source: Obj, path: string, errors: FieldError[]): void {
  if (!source.path) errors.push(required(`${path}.path`));
  else if (source.path.split('/').includes('..')) errors.push(invalid(`${path}.path`, source.path, "must not contain '..'"));
}

function check(field: string, source: Obj, path: string, errors: FieldError[]): void {
  if (field === 'csi') csi(source, path, errors);
  else if (field === 'local') local(source, path, errors);
  else simpleSources[field]?.(source, path, errors);
}

/** Checks the sources that are set: one, and that one well-formed. */
export function checkSources(spec: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let found = 0;
  for (const [field, shown = field] of SOURCES) {
    const source = spec[field];
    if (source === undefined) continue;
    if (found++ && field !== 'flexVolume') {
      errors.push(forbidden(`${path}.${field}`, 'may not specify more than 1 volume type'));
    } else check(field, source, `${path}.${shown}`, errors);
    if (field === 'local' && !spec.nodeAffinity?.required) {
      errors.push(required(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
    }
  }
  if (!found) errors.push(required(path, 'must specify a volume type'));
  return errors;
}
