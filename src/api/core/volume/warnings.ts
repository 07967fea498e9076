import type { KubeObject, Obj } from '../../../lib/json.ts';
import { formatQuantity, isWhole, quantity } from '../../machinery/quantity.ts';
import { deprecatedLabels, nodeLabelWarning } from '../pod/spec-warnings.ts';

/** Warnings about volumes, claims and classes that are valid but unwise (pkg/api/persistentvolume, persistentvolumeclaim, storage). */

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';
const ANNOTATIONS: Record<string, string> = {
  [BETA_CLASS]: 'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};
const PLUGINS: [field: string, shown: string, message: string][] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export function volumeWarnings({ metadata, spec }: KubeObject): string[] {
  const out: string[] = [];
  for (const key in ANNOTATIONS) {
    if (metadata.annotations?.[key] !== undefined) out.push(`metadata.annotations[${key}]: ${ANNOTATIONS[key]}`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const advice = 'Instead, the recommended approach is to use dynamic provisioning.';
    out.push(`spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ${advice}`);
  }
  (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).forEach((term: Obj, i: number) => {
    deprecatedLabels(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, out);
  });
  for (const [field, shown, message] of PLUGINS) if (spec[field]) out.push(`spec.${shown}: ${message}`);
  return out;
}

export function claimWarnings({ metadata, spec }: KubeObject): string[] {
  const out: string[] = [];
  if (metadata.annotations?.[BETA_CLASS] !== undefined)
    out.push(`metadata.annotations[${BETA_CLASS}]: ${ANNOTATIONS[BETA_CLASS]}`);
  for (const field of ['requests', 'limits']) {
    const amount = quantity(spec.resources?.[field]?.storage);
    if (isWhole(amount)) continue;
    const shown = JSON.stringify(formatQuantity(amount));
    out.push(`spec.resources.${field}[storage]: fractional byte value ${shown} is invalid, must be an integer`);
  }
  return out;
}

export function classWarnings({ allowedTopologies = [] }: KubeObject): string[] {
  const out: string[] = [];
  allowedTopologies.forEach(({ matchLabelExpressions = [] }: Obj, i: number) => {
    matchLabelExpressions.forEach(({ key }: Obj, j: number) => {
      const message = nodeLabelWarning(key);
      if (message) out.push(`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${message}`);
    });
  });
  return out;
}
