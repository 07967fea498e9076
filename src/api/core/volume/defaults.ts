/** Defaults of volumes and of claims inside other objects (core/v1 SetDefaults_Volume and its sources). */
import type { Obj } from '../../../lib/json.ts';
import { defaultFieldRefs, imageTag } from '../pod/container-defaults.ts';

const MODE = 0o644;

const unset = (object: Obj, field: string, value: unknown): void => {
  if (object[field] === undefined || object[field] === '') object[field] = value;
};

/** Mutates; sources in the order of upstream's generated defaulter. */
const SOURCES: Record<string, (source: Obj) => void> = {
  hostPath: (s) => {
    s.type ??= '';
  },
  secret: (s) => {
    s.defaultMode ??= MODE;
  },
  configMap: (s) => {
    s.defaultMode ??= MODE;
  },
  downwardAPI: (s) => {
    s.defaultMode ??= MODE;
    for (const item of s.items ?? []) defaultFieldRefs(item);
  },
  projected: (s) => {
    s.defaultMode ??= MODE;
    for (const source of s.sources ?? []) {
      for (const item of source.downwardAPI?.items ?? []) defaultFieldRefs(item);
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    }
  },
  iscsi: (s) => unset(s, 'iscsiInterface', 'default'),
  rbd: (s) => {
    unset(s, 'pool', 'rbd');
    unset(s, 'user', 'admin');
    unset(s, 'keyring', '/etc/ceph/keyring');
  },
  azureDisk: (s) => {
    s.cachingMode ??= 'ReadWrite';
    s.fsType ??= 'ext4';
    s.readOnly ??= false;
    s.kind ??= 'Shared';
  },
  scaleIO: (s) => {
    unset(s, 'storageMode', 'ThinProvisioned');
    unset(s, 'fsType', 'xfs');
  },
  ephemeral: (s) => {
    if (!s.volumeClaimTemplate) return;
    s.volumeClaimTemplate.metadata ??= {};
    s.volumeClaimTemplate.spec ??= {};
    defaultClaimSpec(s.volumeClaimTemplate.spec);
  },
  image: (s) => unset(s, 'pullPolicy', imageTag(s.reference ?? '') === 'latest' ? 'Always' : 'IfNotPresent'),
};

/** One entry of spec.volumes. Mutates. */
export function defaultVolume(volume: Obj): void {
  let found = false;
  for (const field in volume) {
    if (field === 'name' || volume[field] === undefined) continue;
    found = true;
    SOURCES[field]?.(volume[field]);
  }
  if (!found) volume.emptyDir = {};
}

/** spec of a PersistentVolumeClaim, standing alone or in a template. Mutates. */
export function defaultClaimSpec(spec: Obj): void {
  spec.volumeMode ??= 'Filesystem';
  spec.resources ??= {};
}
