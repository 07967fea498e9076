import { secretNames } from '../../api/core/pod/secret-names.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { type Random, suffix } from '../../lib/random.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, nameProblem } from '../plugin.ts';

/** ServiceAccount: every pod runs as one, with its token mounted and its image pull secrets. */

const VOLUME = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR = 'kubernetes.io/config.mirror';
const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
/** An hour and seven seconds: the length by which upstream recognizes a token that it may silently extend. */
const TOKEN_SECONDS = 3607;
const DEFAULT_MODE = 420;

function mutate(request: AdmissionRequest, cluster: ClusterObjects): void {
  if (request.subresource) return;
  const pod = request.object as KubeObject;
  if (pod.metadata.annotations?.[MIRROR] !== undefined) {
    reviewMirror(request, pod);
    return;
  }
  const { spec } = pod;
  spec.serviceAccountName ||= 'default';
  spec.serviceAccount = spec.serviceAccountName;
  const account = accountOf(request, cluster, spec.serviceAccountName);
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec, cluster.random);
  if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
    spec.imagePullSecrets = account.imagePullSecrets.map((s: Obj) => ({ name: s.name }));
  }
  limitSecrets(request, account, spec);
}

function accountOf(request: AdmissionRequest, cluster: ClusterObjects, name: string): KubeObject {
  const account = cluster.object('serviceaccounts', request.namespace, name);
  if (account) return account;
  // Upstream names the resource in the singular here.
  const why = nameProblem(name) ?? `serviceaccount "${name}" not found`;
  throw refuse(request, `error looking up service account ${request.namespace}/${name}: ${why}`);
}

function mountToken(spec: Obj, random: Random): void {
  const existing = (spec.volumes ?? []).find((v: Obj) => v.name?.startsWith(VOLUME))?.name;
  const name = existing ?? VOLUME + suffix(random, 5);
  let needed = false;
  for (const list of [spec.initContainers, spec.containers]) {
    for (const container of list ?? []) {
      if (container.volumeMounts?.some((m: Obj) => m.mountPath === MOUNT_PATH)) continue;
      const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
      container.volumeMounts = container.volumeMounts ? [...container.volumeMounts, mount] : [mount];
      needed = true;
    }
  }
  if (existing || !needed) return;
  const volume = { name, projected: tokenSource() };
  spec.volumes = spec.volumes ? [...spec.volumes, volume] : [volume];
}

const tokenSource = (): Obj => ({
  sources: [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ],
  defaultMode: DEFAULT_MODE,
});

function reviewMirror(request: AdmissionRequest, pod: KubeObject): void {
  if (pod.spec.serviceAccountName) throw refuse(request, 'a mirror pod may not reference service accounts');
  if (secretNames(pod.spec).length) throw refuse(request, 'a mirror pod may not reference secrets');
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.projected?.sources?.some((s: Obj) => s.serviceAccountToken)) {
      throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
    }
  }
}

/** Refuses secrets that the account does not name, if it is limited to them. */
function limitSecrets(request: AdmissionRequest, account: KubeObject, spec: Obj): void {
  const enforced = account.metadata.annotations?.[MOUNTABLE];
  if (!enforced || !['1', 't', 'T', 'TRUE', 'true', 'True'].includes(enforced)) return;
  const own = new Set<string>((account.secrets ?? []).map((s: Obj) => s.name));
  const why = `is not allowed because service account ${account.metadata.name} does not reference that`;
  for (const { secret } of spec.volumes ?? []) {
    if (secret && !own.has(secret.secretName))
      throw refuse(request, `volume with secret.secretName="${secret.secretName}" ${why} secret`);
  }
  for (const [label, list] of [
    ['init container', spec.initContainers],
    ['container', spec.containers],
    ['ephemeral container', spec.ephemeralContainers],
  ] as const) {
    for (const container of list ?? []) {
      for (const env of container.env ?? []) {
        const name = env.valueFrom?.secretKeyRef?.name;
        if (name === undefined || own.has(name)) continue;
        const where = `${label} ${container.name} with envVar ${env.name}`;
        throw refuse(request, `${where} referencing secret.secretName="${name}" ${why} secret`);
      }
      for (const from of container.envFrom ?? []) {
        const name = from.secretRef?.name;
        if (name === undefined || own.has(name)) continue;
        throw refuse(request, `${label} ${container.name} with envFrom referencing secret.secretName="${name}" ${why} secret`);
      }
    }
  }
  const pull = new Set<string>((account.imagePullSecrets ?? []).map((s: Obj) => s.name));
  (spec.imagePullSecrets ?? []).forEach(({ name }: Obj, i: number) => {
    if (!pull.has(name)) throw refuse(request, `imagePullSecrets[${i}].name="${name}" ${why} imagePullSecret`);
  });
}

function review(request: AdmissionRequest, cluster: ClusterObjects): void {
  const pod = request.object as KubeObject;
  if (request.operation === 'UPDATE') {
    if (request.subresource !== 'ephemeralcontainers') return;
    const name = pod.spec.serviceAccountName;
    if (!name) throw refuse(request, `no service account specified for pod ${request.namespace}/${pod.metadata.name}`);
    limitSecrets(request, accountOf(request, cluster, name), { ephemeralContainers: pod.spec.ephemeralContainers });
  }
}

export const serviceAccount: Plugin = {
  name: 'ServiceAccount',
  operations: ['CREATE', 'UPDATE'],
  resources: ['pods'],
  mutate: (request, cluster) => {
    if (request.operation === 'CREATE') mutate(request, cluster);
  },
  review,
};
