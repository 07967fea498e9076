import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { REVISION_LABEL } from '../shared/history.ts';
import { podFromTemplate } from '../shared/pods.ts';

const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** The number at the end of a pod's name, or -1 when it is none of this set's. */
export function ordinalOf(set: KubeObject, pod: KubeObject): number {
  const prefix = `${set.metadata.name}-`;
  const { name } = pod.metadata;
  if (!name.startsWith(prefix)) return -1;
  const rest = name.slice(prefix.length);
  return /^\d{1,10}$/.test(rest) ? Number(rest) : -1;
}

export const startOf = (set: KubeObject): number => set.spec?.ordinals?.start ?? 0;
export const revisionOfPod = (pod: KubeObject): string => pod.metadata.labels?.[REVISION_LABEL] ?? '';

export function podName(set: KubeObject, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

export function claimName(set: KubeObject, template: Obj, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** newStatefulSetPod: a name, labels and a hostname that stay, and volumes of its own claims. */
export function newPod(set: KubeObject, template: Obj, revision: string, ordinal: number): KubeObject {
  const pod = podFromTemplate(template, set);
  const name = podName(set, ordinal);
  const claims: Obj[] = set.spec?.volumeClaimTemplates ?? [];
  const own = claims.map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
  }));
  const others = (pod.spec.volumes ?? []).filter((volume: Obj) => !own.some((o) => o.name === volume.name));
  const volumes = [...own, ...others];
  pod.metadata = { ...pod.metadata, name, labels: labelsFor(pod.metadata.labels, name, ordinal, revision) };
  pod.spec = {
    ...pod.spec,
    ...(volumes.length && { volumes }),
    hostname: name,
    ...(set.spec?.serviceName && { subdomain: set.spec.serviceName }),
  };
  return pod;
}

function labelsFor(
  labels: Record<string, string> | undefined,
  name: string,
  ordinal: number,
  revision: string,
): Record<string, string> {
  return { ...labels, [NAME_LABEL]: name, [INDEX_LABEL]: String(ordinal), [REVISION_LABEL]: revision };
}

/** The pod with its identifying labels restored; undefined when they are right (identityMatches). */
export function repaired(set: KubeObject, pod: KubeObject): KubeObject | undefined {
  const { name, labels } = pod.metadata;
  const ordinal = String(ordinalOf(set, pod));
  if (labels?.[NAME_LABEL] === name && labels[INDEX_LABEL] === ordinal) return undefined;
  return { ...pod, metadata: { ...pod.metadata, labels: { ...labels, [NAME_LABEL]: name, [INDEX_LABEL]: ordinal } } };
}

/** The claims of one pod (getPersistentVolumeClaims). */
export function claimsFor(set: KubeObject, ordinal: number): KubeObject[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template: Obj) => {
    const { status: _, ...claim } = clone(template);
    const { labels, annotations } = template.metadata;
    const metadata = {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...labels, ...set.spec.selector?.matchLabels },
      ...(annotations && { annotations }),
    };
    return { ...claim, kind: 'PersistentVolumeClaim', apiVersion: 'v1', metadata } as KubeObject;
  });
}
