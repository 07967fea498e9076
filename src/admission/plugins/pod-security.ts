import { errorBody, type FieldError, invalid } from '../../api/machinery/field-errors.ts';
import { invalidError } from '../../api/machinery/status-errors.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, resourceOfRequest } from '../plugin.ts';
import { describe, violations } from '../pod-security-checks.ts';

/** PodSecurity: labels of namespaces set the level of their pods. Whatever version a label names, the newest rules apply. */

const PREFIX = 'pod-security.kubernetes.io/';
const ENFORCED = `${PREFIX}enforce-policy`;
const LEVELS = ['privileged', 'baseline', 'restricted'];
const IGNORED = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);
const MAX_PODS_CHECKED = 3000;

interface LevelVersion {
  level: string;
  version: string;
}

interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
  errors: FieldError[];
}

const OPEN: LevelVersion = { level: 'privileged', version: 'latest' };
const shown = ({ level, version }: LevelVersion) => `${level}:${version}`;

/** PolicyToEvaluate. An invalid level enforces the strictest, and warns of nothing. */
function policyOf(labels: Record<string, string> | undefined): Policy {
  const policy: Policy = { enforce: { ...OPEN }, audit: { ...OPEN }, warn: { ...OPEN }, errors: [] };
  if (!labels) return policy;
  for (const mode of ['enforce', 'audit', 'warn'] as const) {
    const target = policy[mode];
    const level = labels[PREFIX + mode];
    const version = labels[`${PREFIX}${mode}-version`];
    if (level !== undefined) {
      const known = LEVELS.includes(level);
      target.level = known ? level : mode === 'enforce' ? 'restricted' : 'privileged';
      if (!known) policy.errors.push(invalid(`metadata.labels[${PREFIX}${mode}]`, level, `must be one of ${LEVELS.join(', ')}`));
    }
    if (version === undefined) continue;
    if (version === 'latest' || /^v1\.[0-9]+$/.test(version)) target.version = version;
    else policy.errors.push(invalid(`metadata.labels[${PREFIX}${mode}-version]`, version, 'must be "latest" or "v1.x"'));
  }
  const readable = LEVELS.includes(labels[`${PREFIX}enforce`] ?? '');
  if (labels[`${PREFIX}warn`] === undefined && readable && LEVELS.indexOf(policy.enforce.level) > 0) {
    policy.warn.level = policy.enforce.level;
    if (labels[`${PREFIX}warn-version`] === undefined) policy.warn.version = policy.enforce.version;
  }
  return policy;
}

function reviewNamespace(request: AdmissionRequest, cluster: ClusterObjects): void {
  const { object, old } = request;
  if (request.subresource || !object) return;
  const policy = policyOf(object.metadata.labels);
  const before = old && policyOf(old.metadata.labels);
  if (policy.errors.length && JSON.stringify(policy.errors) !== JSON.stringify(before?.errors)) {
    throw invalidError('', 'Namespace', request.name, policy.errors);
  }
  if (!before || shown(policy.enforce) === shown(before.enforce)) return;
  const rank = (p: Policy) => LEVELS.indexOf(p.enforce.level);
  if (rank(policy) === 0 || (policy.enforce.version === before.enforce.version && rank(policy) <= rank(before))) return;
  for (const text of existingPods(object.metadata.name, policy.enforce, cluster)) request.warn(text);
}

/** Warnings about existing pods (EvaluatePodsInNamespace). */
function existingPods(namespace: string, enforce: LevelVersion, cluster: ClusterObjects): string[] {
  const pods = cluster.objects('pods', namespace);
  const byReason = new Map<string, string[]>();
  for (const pod of pods.slice(0, MAX_PODS_CHECKED)) {
    const found = violations(enforce.level, pod.metadata, pod.spec);
    if (!found.length) continue;
    const reason = found.map((v) => v.reason).join(', ');
    byReason.set(reason, [...(byReason.get(reason) ?? []), pod.metadata.name]);
  }
  if (!byReason.size) return [];
  const lines = [...byReason].map(([reason, names]) => {
    const others = names.length - 1;
    const more = others === 0 ? '' : others === 1 ? ' (and 1 other pod)' : ` (and ${others} other pods)`;
    return `${names.sort()[0]}${more}: ${reason}`;
  });
  const head = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level`;
  return [`${head} ${JSON.stringify(shown(enforce))}`, ...lines.sort()];
}

/** Whether a change of a pod must be checked: of its images, or of its set of containers. */
function isSignificant(pod: KubeObject, old: KubeObject): boolean {
  const images = (list: Obj[] | undefined) => (list ?? []).map((c) => c.image).join('\n');
  if (images(pod.spec.containers) !== images(old.spec.containers)) return true;
  if (images(pod.spec.initContainers) !== images(old.spec.initContainers)) return true;
  return (pod.spec.ephemeralContainers ?? []).some((c: Obj) => {
    const before = (old.spec.ephemeralContainers ?? []).find((o: Obj) => o.name === c.name);
    return before?.image !== c.image;
  });
}

/** Path of the pod template of each controller kind. */
const TEMPLATES: Record<string, string[]> = {
  replicationcontrollers: ['spec', 'template'],
  podtemplates: ['template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/deployments': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'batch/jobs': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
};

function review(request: AdmissionRequest, cluster: ClusterObjects): void {
  const resource = resourceOfRequest(request);
  if (resource === 'namespaces') {
    reviewNamespace(request, cluster);
    return;
  }
  const isPod = resource === 'pods';
  if (!request.object || (isPod ? IGNORED.has(request.subresource) : request.subresource)) return;
  const labels = cluster.object('namespaces', '', request.namespace)?.metadata.labels;
  if (!labels || !hasPolicy(labels)) {
    if (isPod) request.annotate?.(ENFORCED, shown(OPEN));
    return;
  }
  const policy = policyOf(labels);
  if (isPod && request.old && !isSignificant(request.object, request.old)) return;
  let pod: Obj | undefined = request.object;
  for (const step of TEMPLATES[resource] ?? []) pod = pod?.[step];
  if (!pod?.spec) return;
  if (isPod || policy.warn.level !== OPEN.level || policy.audit.level !== OPEN.level) annotate(request, isPod, policy, pod);
  if (isPod) {
    const found = violations(policy.enforce.level, pod.metadata, pod.spec);
    if (found.length) throw refuse(request, `violates PodSecurity ${JSON.stringify(shown(policy.enforce))}: ${describe(found)}`);
  }
  const found = violations(policy.warn.level, pod.metadata, pod.spec);
  if (found.length) request.warn(`would violate PodSecurity ${JSON.stringify(shown(policy.warn))}: ${describe(found)}`);
}

/** Adds the audit annotations of a pod, whether it passes or not. */
function annotate(request: AdmissionRequest, isPod: boolean, policy: Policy, { metadata, spec }: Obj): void {
  if (!request.annotate) return;
  if (policy.errors.length) {
    const errors = policy.errors.map((error) => `${error.field}: ${errorBody(error)}`);
    const text = errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`;
    request.annotate(`${PREFIX}error`, `Failed to parse policy: ${text}`);
  }
  if (isPod) request.annotate(ENFORCED, shown(policy.enforce));
  const found = violations(policy.audit.level, metadata, spec);
  if (found.length) {
    request.annotate(
      `${PREFIX}audit-violations`,
      `would violate PodSecurity ${JSON.stringify(shown(policy.audit))}: ${describe(found)}`,
    );
  }
}

const hasPolicy = (labels: Record<string, string>): boolean => {
  for (const key in labels) if (key.startsWith(PREFIX)) return true;
  return false;
};

export const podSecurity: Plugin = {
  name: 'PodSecurity',
  operations: ['CREATE', 'UPDATE'],
  resources: ['namespaces', 'pods', ...Object.keys(TEMPLATES)],
  review,
};
