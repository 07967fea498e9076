import type { Obj } from '../../../lib/json.ts';

/** Every Secret that a pod names (podutil.VisitPodSecretNames). */
export function secretNames(spec: Obj): string[] {
  const names: string[] = (spec.imagePullSecrets ?? []).map((s: Obj) => s.name);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const from of container.envFrom ?? []) if (from.secretRef) names.push(from.secretRef.name);
    for (const env of container.env ?? []) if (env.valueFrom?.secretKeyRef) names.push(env.valueFrom.secretKeyRef.name);
  }
  for (const volume of spec.volumes ?? []) {
    if (volume.secret?.secretName) names.push(volume.secret.secretName);
    for (const source of volume.projected?.sources ?? []) if (source.secret) names.push(source.secret.name);
    for (const driver of ['azureFile', 'cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos', 'csi']) {
      const held = volume[driver];
      const name = held?.secretName ?? held?.secretRef?.name ?? held?.nodePublishSecretRef?.name;
      if (name) names.push(name);
    }
  }
  return names;
}
