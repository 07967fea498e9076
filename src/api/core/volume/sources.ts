/** Volume sources without structure of their own, one check each (core/validation validate*VolumeSource). */
import type { Obj } from '../../../lib/json.ts';
import { invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { byteLength, isDns1123Subdomain, rangeError } from '../../machinery/names.ts';
import {
  descendingPath,
  dnsLabel,
  dnsSubdomain,
  type Errors,
  invalids,
  noBacksteps,
  unsupported,
} from '../../machinery/spec-checks.ts';

const PARTITION = rangeError(1, 255);
const IQN = /iqn\.\d{4}-\d{2}\.([0-9A-Za-z\-.]+)(:[^,;*&$|\s]+)$/;
const EUI = /^eui.[0-9A-Za-z]{16}$/;
const NAA = /^naa.[0-9A-Za-z]{32}$/;

const need = (errors: Errors, source: Obj, path: string, ...fields: string[]): void => {
  for (const field of fields) if (!source[field]?.length) errors.push(required(`${path}.${field}`));
};

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

function hostPath(source: Obj, path: string, errors: Errors): void {
  if (!source.path) {
    errors.push(required(`${path}.path`));
    return;
  }
  noBacksteps(errors, source.path, `${path}.path`);
  if (source.type !== undefined && !HOST_PATH_TYPES.includes(source.type)) {
    errors.push(unsupported(`${path}.type`, source.type, HOST_PATH_TYPES));
  }
}

function iqnForm(value: string): string | undefined {
  if (value.startsWith('iqn')) return IQN.test(value) ? undefined : 'must be valid format';
  if (value.startsWith('eui')) return EUI.test(value) ? undefined : 'must be valid format';
  if (value.startsWith('naa')) return NAA.test(value) ? undefined : 'must be valid format';
  return 'must be valid format starting with iqn, eui, or naa';
}

function iscsi(source: Obj, path: string, errors: Errors): void {
  need(errors, source, path, 'targetPortal', 'iqn');
  const problem = source.iqn ? iqnForm(source.iqn) : undefined;
  if (problem) errors.push(invalid(`${path}.iqn`, source.iqn, problem));
  const lun = source.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalid(`${path}.lun`, lun, rangeError(0, 255)));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) errors.push(required(`${path}.secretRef`));
  if (source.initiatorName === undefined) return;
  const wrong = iqnForm(source.initiatorName);
  if (wrong) errors.push(invalid(`${path}.initiatorname`, source.initiatorName, wrong));
}

function fc(source: Obj, path: string, errors: Errors): void {
  const targets = source.targetWWNs ?? [];
  const ids = source.wwids ?? [];
  if (!targets.length && !ids.length) {
    errors.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (targets.length && ids.length) {
    errors.push(invalid(`${path}.targetWWNs`, targets, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (!targets.length) return;
  if (source.lun === undefined) errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else if (source.lun < 0 || source.lun > 255) errors.push(invalid(`${path}.lun`, source.lun, rangeError(0, 255)));
}

const disk =
  (id: string) =>
  (source: Obj, path: string, errors: Errors): void => {
    need(errors, source, path, id);
    const partition = source.partition ?? 0;
    if (partition < 0 || partition > 255) errors.push(invalid(`${path}.partition`, partition, PARTITION));
  };

function nfs(source: Obj, path: string, errors: Errors): void {
  need(errors, source, path, 'server', 'path');
  const target = source.path ?? '';
  if (!target.startsWith('/')) errors.push(invalid(`${path}.path`, target, 'must be an absolute path'));
}

/** Go's net.SplitHostPort accepts it. */
function isHostPort(pair: string): boolean {
  if (pair.startsWith('[')) return /^\[[^\][]*\]:[^:\][]*$/.test(pair);
  return /^[^:\][]*:[^:\][]*$/.test(pair);
}

function quobyte(source: Obj, path: string, errors: Errors): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (!source.registry) errors.push(required(`${path}.registry`, pairs));
  else if ((source.tenant ?? '').length >= 65) {
    errors.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  } else {
    for (const pair of source.registry.split(',')) {
      if (!isHostPort(pair)) errors.push(invalid(`${path}.registry`, source.registry, pairs));
    }
  }
  need(errors, source, path, 'volume');
}

function flocker(source: Obj, path: string, errors: Errors): void {
  const name = source.datasetName ?? '';
  if (!name && !source.datasetUUID) errors.push(required(path, 'one of datasetName and datasetUUID is required'));
  if (name && source.datasetUUID) {
    errors.push(invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  }
  if (name.includes('/')) errors.push(invalid(`${path}.datasetName`, name, "must not contain '/'"));
}

function flexVolume(source: Obj, path: string, errors: Errors): void {
  need(errors, source, path, 'driver');
  for (const option in source.options ?? {}) {
    const namespace = `.${option.split('/', 1)[0].toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')) {
      errors.push(invalid(`${path}.options[${option}]`, option, 'kubernetes.io and k8s.io namespaces are reserved'));
    }
  }
}

const CACHING = ['None', 'ReadOnly', 'ReadWrite'];
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared'];
const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function azureDisk(source: Obj, path: string, errors: Errors): void {
  need(errors, source, path, 'diskName', 'diskURI');
  const { cachingMode, kind } = source;
  const uri = source.diskURI ?? '';
  if (cachingMode !== undefined && !CACHING.includes(cachingMode)) {
    errors.push(unsupported(`${path}.cachingMode`, cachingMode, CACHING));
  }
  if (kind === undefined) return;
  if (!DISK_KINDS.includes(kind)) errors.push(unsupported(`${path}.kind`, kind, DISK_KINDS));
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/')) errors.push(unsupported(`${path}.diskURI`, uri, [MANAGED_URI]));
  if (kind !== 'Managed' && !uri.startsWith('https://')) errors.push(unsupported(`${path}.diskURI`, uri, [BLOB_URI]));
}

function storageos(source: Obj, path: string, errors: Errors): void {
  if (!source.volumeName) errors.push(required(`${path}.volumeName`));
  else dnsLabel(errors, source.volumeName, `${path}.volumeName`);
  if (source.volumeNamespace) dnsLabel(errors, source.volumeNamespace, `${path}.volumeNamespace`);
  if (source.secretRef && !source.secretRef.name) errors.push(required(`${path}.secretRef.name`));
}

/** A CSI driver's name; also of CSIDriver objects and persistent volumes. */
export function validateDriverName(name: string, path: string, errors: Errors): void {
  if (!name) {
    errors.push(required(path));
    return;
  }
  if (byteLength(name) > 63) errors.push(tooLong(path, '', 63));
  invalids(errors, path, name, isDns1123Subdomain(name.toLowerCase()));
}

function csi(source: Obj, path: string, errors: Errors): void {
  validateDriverName(source.driver ?? '', `${path}.driver`, errors);
  const ref = source.nodePublishSecretRef;
  if (!ref) return;
  if (!ref.name) errors.push(required(`${path}.nodePublishSecretRef.name`));
  else dnsSubdomain(errors, ref.name, `${path}.name`);
}

const requiring =
  (...fields: string[]) =>
  (source: Obj, path: string, errors: Errors): void =>
    need(errors, source, path, ...fields);

/** Validators of sources, by the name of the field in a volume. */
export const simpleSources: Record<string, (source: Obj, path: string, errors: Errors) => void> = {
  hostPath,
  gitRepo: (source, path, errors) => {
    need(errors, source, path, 'repository');
    descendingPath(errors, source.directory ?? '', `${path}.directory`);
  },
  gcePersistentDisk: disk('pdName'),
  awsElasticBlockStore: disk('volumeID'),
  nfs,
  iscsi,
  glusterfs: requiring('endpoints', 'path'),
  flocker,
  persistentVolumeClaim: requiring('claimName'),
  rbd: requiring('monitors', 'image'),
  cinder: (source, path, errors) => {
    need(errors, source, path, 'volumeID');
    if (source.secretRef && !source.secretRef.name) errors.push(required(`${path}.secretRef.name`));
  },
  cephfs: requiring('monitors'),
  quobyte,
  fc,
  flexVolume,
  azureFile: requiring('secretName', 'shareName'),
  vsphereVolume: requiring('volumePath'),
  photonPersistentDisk: requiring('pdID'),
  portworxVolume: requiring('volumeID'),
  azureDisk,
  storageos,
  scaleIO: requiring('gateway', 'system', 'volumeName'),
  csi,
};
