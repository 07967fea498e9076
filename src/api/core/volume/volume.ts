/** Validation of spec.volumes (core/validation ValidateVolumes, validateVolumeSource). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { isDns1123Subdomain } from '../../machinery/names.ts';
import { cmp, quantity, ZERO } from '../../machinery/quantity.ts';
import { dnsLabel, type Errors, type PodOptions, unsupported } from '../../machinery/spec-checks.ts';
import { validateClaimTemplate } from './claim.ts';
import { configMap, downwardAPI, projected, secret } from './projected.ts';
import { simpleSources } from './sources.ts';

/** The volumes that are fine, by name: what mounts and devices may refer to. */
export type Volumes = Map<string, Obj>;

interface VolumeContext {
  path: string;
  volumeName: string;
  /** Absent in templates. */
  podName: string | undefined;
  options: PodOptions;
}

type Check = (source: Obj, errors: Errors, cx: VolumeContext) => void;

const simple =
  (name: string, segment = name): Check =>
  (source, errors, cx) =>
    simpleSources[name](source, `${cx.path}.${segment}`, errors);

/** Every source in upstream's order; `shown` is the name in the error about a second source, where it differs. */
const SOURCES: { name: string; shown?: string; check: Check; always?: Check }[] = [
  { name: 'hostPath', check: simple('hostPath') },
  { name: 'gitRepo', check: simple('gitRepo') },
  { name: 'gcePersistentDisk', check: simple('gcePersistentDisk', 'persistentDisk') },
  { name: 'awsElasticBlockStore', check: simple('awsElasticBlockStore') },
  { name: 'secret', check: (s, e, cx) => secret(s, `${cx.path}.secret`, e) },
  { name: 'nfs', check: simple('nfs') },
  { name: 'iscsi', check: simple('iscsi'), always: iscsiName },
  { name: 'glusterfs', check: simple('glusterfs') },
  { name: 'flocker', check: simple('flocker') },
  { name: 'persistentVolumeClaim', check: simple('persistentVolumeClaim') },
  { name: 'rbd', check: simple('rbd') },
  { name: 'cinder', check: simple('cinder') },
  { name: 'cephfs', shown: 'cephFS', check: simple('cephfs') },
  { name: 'quobyte', check: simple('quobyte') },
  { name: 'downwardAPI', shown: 'downwarAPI', check: (s, e, cx) => downwardAPI(s, `${cx.path}.downwardAPI`, e) },
  { name: 'fc', check: simple('fc') },
  { name: 'flexVolume', check: simple('flexVolume') },
  { name: 'configMap', check: (s, e, cx) => configMap(s, `${cx.path}.configMap`, e) },
  { name: 'azureFile', check: simple('azureFile') },
  { name: 'vsphereVolume', check: simple('vsphereVolume') },
  { name: 'photonPersistentDisk', check: simple('photonPersistentDisk') },
  { name: 'portworxVolume', check: simple('portworxVolume') },
  { name: 'azureDisk', check: simple('azureDisk') },
  { name: 'storageos', check: simple('storageos') },
  { name: 'projected', check: (s, e, cx) => projected(s, `${cx.path}.projected`, e, cx.options) },
  { name: 'scaleIO', check: simple('scaleIO') },
  { name: 'csi', check: simple('csi') },
  { name: 'ephemeral', check: ephemeral },
  { name: 'image', check: image },
];
const BY_NAME = new Map(SOURCES.map((source) => [source.name, source]));

function iscsiName(source: Obj, errors: Errors, cx: VolumeContext): void {
  if (source.initiatorName !== undefined && `${cx.volumeName}:${source.targetPortal ?? ''}`.length > 64) {
    const detail =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
    errors.push(invalid(`${cx.path}.name`, cx.volumeName, detail));
  }
}

function ephemeral(source: Obj, errors: Errors, cx: VolumeContext): void {
  const template = source.volumeClaimTemplate;
  if (!template) errors.push(required(`${cx.path}.ephemeral.volumeClaimTemplate`));
  else validateClaimTemplate(template, `${cx.path}.ephemeral.volumeClaimTemplate`, errors);
  if (!cx.podName || !cx.volumeName) return;
  const claim = `${cx.podName}-${cx.volumeName}`;
  for (const message of isDns1123Subdomain(claim)) {
    errors.push(invalid(`${cx.path}.name`, cx.volumeName, `PVC name ${JSON.stringify(claim)}: ${message}`));
  }
}

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** imagePullPolicy of containers and of image volumes. */
export function validatePullPolicy(policy: string | undefined, path: string, errors: Errors): void {
  if (!policy) errors.push(required(path));
  else if (!PULL_POLICIES.includes(policy)) errors.push(unsupported(path, policy, PULL_POLICIES));
}

function image(source: Obj, errors: Errors, cx: VolumeContext): void {
  if (cx.options.isPod && !source.reference) errors.push(required(`${cx.path}.image.reference`));
  validatePullPolicy(source.pullPolicy, `${cx.path}.image.pullPolicy`, errors);
}

function validateSource(volume: Obj, errors: Errors, cx: VolumeContext): void {
  let count = 0;
  let only = '';
  for (const field in volume) {
    if (field === 'name' || volume[field] === undefined) continue;
    count++;
    only = field;
  }
  if (count === 0) errors.push(required(cx.path, 'must specify a volume type'));
  else if (count === 1) one(only, volume, errors, cx);
  else many(volume, errors, cx);
}

function one(name: string, volume: Obj, errors: Errors, cx: VolumeContext): void {
  if (name === 'emptyDir') return emptyDir(volume.emptyDir, errors, cx);
  const source = BY_NAME.get(name);
  source?.check(volume[name], errors, cx);
  source?.always?.(volume[name], errors, cx);
}

function emptyDir(source: Obj, errors: Errors, cx: VolumeContext): void {
  if (source.sizeLimit !== undefined && cmp(quantity(source.sizeLimit), ZERO) < 0) {
    errors.push(forbidden(`${cx.path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  }
}

function many(volume: Obj, errors: Errors, cx: VolumeContext): void {
  let found = false;
  if (volume.emptyDir) {
    found = true;
    emptyDir(volume.emptyDir, errors, cx);
  }
  for (const source of SOURCES) {
    const value = volume[source.name];
    if (!value) continue;
    if (found) errors.push(forbidden(`${cx.path}.${source.shown ?? source.name}`, 'may not specify more than 1 volume type'));
    else source.check(value, errors, cx);
    source.always?.(value, errors, cx);
    found = true;
  }
}

/** spec.volumes of a pod (`podName` set) or a template; returns the usable ones. */
export function validateVolumes(
  volumes: Obj[] | undefined,
  podName: string | undefined,
  path: string,
  errors: Errors,
  options: PodOptions,
): Volumes {
  const usable: Volumes = new Map();
  if (!volumes) return usable;
  const claims = new Set(podName ? volumes.filter((v) => v.ephemeral).map((v) => `${podName}-${v.name ?? ''}`) : []);
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i];
    const volumeName: string = volume.name ?? '';
    const at = `${path}[${i}]`;
    const before = errors.length;
    validateSource(volume, errors, { path: at, volumeName, podName, options });
    if (!volumeName) errors.push(required(`${at}.name`));
    else dnsLabel(errors, volumeName, `${at}.name`);
    if (usable.has(volumeName)) errors.push(duplicate(`${at}.name`, volumeName));
    if (errors.length === before) usable.set(volumeName, volume);
    const claim = volume.persistentVolumeClaim?.claimName ?? '';
    if (volume.persistentVolumeClaim && claims.has(claim)) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, detail));
    }
  }
  return usable;
}
