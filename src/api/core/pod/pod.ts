/** Pod (core/v1): strategy of the object and of its subresources (registry/core/pod/strategy.go). */
import { equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { CREATE_ONLY, type StrategyContext, defineKind, PROXY, READ_WRITE } from '../../machinery/define-kind.ts';
import { goSchema } from '../../schema/go.ts';
import { type FieldError, forbidden } from '../../machinery/field-errors.ts';
import { validateObjectMeta } from '../../machinery/meta.ts';
import { isDns1123Label } from '../../machinery/names.ts';
import { rfc3339 } from '../../machinery/time.ts';
import { validateOnlyForPod } from './container.ts';
import { bind } from './binding.ts';
import { podColumns, podRowConditions } from './columns.ts';
import { locateContainer, locateLog, locatePod } from './connect.ts';
import { evict } from './eviction.ts';
import { parameters, taken } from '../../machinery/subresources.ts';
import { aliasServiceAccount, defaultPod, defaultPodStatus } from './defaults.ts';
import { qosClass } from './resources.ts';
import { podOptions, validatePodSpec } from './spec.ts';
import { APPARMOR, validatePodAnnotations, validateProfilesMatch } from './spec-annotations.ts';
import { type Errors, type PodOptions, visitContainers } from '../../machinery/spec-checks.ts';
import { podWarnings, profileOfAnnotation } from './spec-warnings.ts';
import { validateEphemeralUpdate, validatePodUpdate, validateResize } from './update.ts';
import { dropDisabledPodFields, dropDisabledStatusFields } from './update-fields.ts';
import { validatePodStatus } from './update-status.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

function prepareCreate(pod: KubeObject, cx: StrategyContext): void {
  const { spec } = pod;
  pod.metadata.generation = 1;
  aliasServiceAccount(spec);
  pod.status = { phase: 'Pending', qosClass: pod.status?.qosClass || qosClass(spec) };
  dropDisabledPodFields(spec);
  if (spec.schedulingGates?.length) pod.status.conditions = [gatedCondition(cx.now)];
  const labels = pod.metadata.labels ?? {};
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    for (const term of affinity?.[PREFERRED] ?? []) mergeLabelKeys(term.podAffinityTerm ?? {}, labels);
    for (const term of affinity?.[REQUIRED] ?? []) mergeLabelKeys(term, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) mergeLabelKeys(constraint, labels);
  if (pod.metadata.annotations && spec.os?.name !== 'windows') appArmorFromAnnotations(pod);
}

const gatedCondition = (now: number): Obj => ({
  type: 'PodScheduled',
  status: 'False',
  lastProbeTime: null,
  lastTransitionTime: rfc3339(now),
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
});

/** matchLabelKeys become requirements with the pod's own values. */
function mergeLabelKeys(holder: Obj, labels: Record<string, string>): void {
  if (!holder.labelSelector) return;
  const add = (keys: string[] | undefined, operator: string) => {
    for (const key of keys ?? []) {
      if (labels[key] === undefined) continue;
      holder.labelSelector.matchExpressions ??= [];
      holder.labelSelector.matchExpressions.push({ key, operator, values: [labels[key]] });
    }
  };
  add(holder.matchLabelKeys, 'In');
  add(holder.mismatchLabelKeys, 'NotIn');
}

function appArmorFromAnnotations(pod: KubeObject): void {
  const ofPod = pod.spec.securityContext?.appArmorProfile;
  visitContainers(pod.spec, '', (container) => {
    const annotation = pod.metadata.annotations?.[APPARMOR + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile) return;
    const profile = profileOfAnnotation(annotation);
    if (!profile || equal(profile, ofPod)) return;
    container.securityContext ??= {};
    container.securityContext.appArmorProfile = profile;
  });
}

function prepareUpdate(pod: KubeObject, old: KubeObject, cx: StrategyContext): void {
  if (cx.subresource === 'ephemeralcontainers') keepOnlyEphemeral(pod, old);
  else if (cx.subresource === 'resize') keepOnlyResize(pod, old);
  else restoreStatus(pod, old);
  aliasServiceAccount(pod.spec);
  dropDisabledPodFields(pod.spec, old.spec);
  if (!equal(pod.spec, old.spec)) pod.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function restoreStatus(pod: KubeObject, old: KubeObject): void {
  if (old.status === undefined) delete pod.status;
  else pod.status = old.status;
}

/** Restores the metadata that a subresource may not change (ResetObjectMetaForStatus). */
function restoreMeta(pod: KubeObject, old: KubeObject): void {
  const { metadata } = pod;
  for (const field of ['deletionTimestamp', 'generation', 'selfLink', 'labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = (old.metadata as Obj)[field];
    if (value === undefined) delete (metadata as Obj)[field];
    else (metadata as Obj)[field] = value;
  }
}

function keepOnlyEphemeral(pod: KubeObject, old: KubeObject): void {
  const ephemeral = pod.spec.ephemeralContainers;
  pod.spec = { ...old.spec, ephemeralContainers: ephemeral };
  if (!ephemeral) delete pod.spec.ephemeralContainers;
  restoreStatus(pod, old);
  restoreMeta(pod, old);
}

function keepOnlyResize(pod: KubeObject, old: KubeObject): void {
  const { spec } = pod;
  const size = (list: Obj[] | undefined) => list?.length ?? 0;
  if (size(spec.containers) !== size(old.spec.containers) || size(spec.initContainers) !== size(old.spec.initContainers)) return;
  const next: Obj = { ...old.spec, resources: spec.resources };
  for (const list of ['containers', 'initContainers']) {
    if (spec[list]) next[list] = resized(spec[list], old.spec[list]);
  }
  if (!next.resources) delete next.resources;
  pod.spec = next;
  restoreStatus(pod, old);
  restoreMeta(pod, old);
}

/** Renamed or reordered containers stay, for validation to refuse. */
function resized(containers: Obj[], old: Obj[]): Obj[] {
  if (containers.some((container, i) => container.name !== old[i].name)) return containers;
  return containers.map(({ resources, resizePolicy }, i) => {
    const out: Obj = { ...old[i], resources, resizePolicy };
    if (!resizePolicy) delete out.resizePolicy;
    return out;
  });
}

function prepareStatus(pod: KubeObject, old: KubeObject): void {
  pod.spec = old.spec;
  delete pod.metadata.deletionTimestamp;
  if (old.metadata.ownerReferences) pod.metadata.ownerReferences = old.metadata.ownerReferences;
  else delete pod.metadata.ownerReferences;
  pod.status ??= {};
  const { status } = pod;
  const before: Obj = old.status ?? {};
  if (!status.qosClass && before.qosClass) status.qosClass = before.qosClass;
  if (!status.observedGeneration && before.observedGeneration) status.observedGeneration = before.observedGeneration;
  keepObservedGenerations(status.conditions ?? [], before.conditions ?? []);
  dropDisabledStatusFields(status, before);
  defaultPodStatus(status);
}

/** Conditions of one type keep their generations in order when the writer leaves them out. */
function keepObservedGenerations(conditions: Obj[], old: Obj[]): void {
  const known = new Map<string, number[]>();
  for (const { type, observedGeneration = 0 } of old) known.set(type, [...(known.get(type) ?? []), observedGeneration]);
  for (const condition of conditions) {
    const generation = known.get(condition.type)?.shift() ?? 0;
    if (!condition.observedGeneration && generation) condition.observedGeneration = generation;
  }
}

/** validatePodMetadataAndSpec, without the metadata that the registry checks. */
function validatePod(pod: KubeObject, errors: Errors, options: PodOptions): void {
  const { spec, metadata } = pod;
  validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations', errors, options);
  validatePodSpec(spec, metadata, 'spec', errors, options);
  if (!spec.serviceAccountName) {
    (spec.volumes ?? []).forEach((volume: Obj, v: number) => {
      (volume.projected?.sources ?? []).forEach((source: Obj, s: number) => {
        if (!source.serviceAccountToken) return;
        const path = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
        errors.push(forbidden(path, 'must not be specified when serviceAccountName is not set'));
      });
    });
  }
  for (const list of ['containers', 'initContainers']) {
    const containers: Obj[] = spec[list] ?? [];
    for (let i = 0; i < containers.length; i++) validateOnlyForPod(containers[i], `spec.${list}[${i}]`, errors);
  }
}

function validateCreate(pod: KubeObject): FieldError[] {
  const errors: Errors = [];
  const { spec } = pod;
  validatePod(pod, errors, podOptions(true));
  if (spec.ephemeralContainers?.length) errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  validateProfilesMatch(pod.metadata.annotations, spec, 'spec', errors);
  return errors;
}

function validateUpdate(pod: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[] {
  const errors: Errors = [];
  const options = podOptions(true, old.spec, old.metadata);
  errors.push(...validateObjectMeta(pod.metadata, true, undefined, 'metadata'));
  validatePod(pod, errors, options);
  if (cx.subresource === 'ephemeralcontainers') return validateEphemeralUpdate(pod, old, errors, options);
  if (cx.subresource === 'resize') return validateResize(pod, old, errors);
  validatePodUpdate(pod, old, errors, options);
  return errors;
}

/** Updates have no warnings. */
function warnings(pod: KubeObject, old: KubeObject | undefined): string[] {
  if (old) return [];
  const messages = isDns1123Label(pod.metadata.name ?? '');
  const hint = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  const ofName = messages.length ? [`metadata.name: ${hint}: [${messages.join(' ')}]`] : [];
  return [...ofName, ...podWarnings(pod.metadata, pod.spec, '')];
}

/** CheckGracefulDelete: 0 means at once. Pods without a node or with nothing left to run get no grace. */
function grace(pod: KubeObject, requested: number | bigint | undefined): number | bigint {
  const phase = pod.status?.phase;
  if (!pod.spec.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

export const Pod = defineKind({
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Pod'),
  shortNames: ['po'],
  categories: ['all'],
  status: true,
  subresources: {
    attach: { takes: parameters('PodAttachOptions'), verbs: ['create', 'get'], locate: locateContainer },
    binding: { takes: taken('', 'v1', 'Binding', 'core'), verbs: CREATE_ONLY, post: bind },
    ephemeralcontainers: { verbs: READ_WRITE, strategy: 'whole' },
    eviction: {
      takes: { ...taken('policy', 'v1', 'Eviction', 'policy'), olderVersions: ['v1beta1'] },
      verbs: CREATE_ONLY,
      post: evict,
    },
    exec: { takes: parameters('PodExecOptions'), verbs: ['create', 'get'], locate: locateContainer },
    log: { verbs: ['get'], locate: locateLog },
    portforward: { takes: parameters('PodPortForwardOptions'), verbs: ['create', 'get'], locate: locatePod },
    proxy: { takes: parameters('PodProxyOptions'), verbs: PROXY, locate: locatePod, proxies: true },
    resize: { verbs: READ_WRITE, strategy: 'whole' },
  },
  returnsDeleted: true,
  resetFields: {
    status: { exclude: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'] },
    ephemeralcontainers: { include: ['spec.ephemeralContainers'] },
    resize: {
      include: ['containers', 'initContainers'].flatMap((list) => [`spec.${list}.*.resources`, `spec.${list}.*.resizePolicy`]),
    },
  },
  defaults: defaultPod,
  prepareCreate,
  prepareUpdate,
  prepareStatus,
  validateCreate,
  validateUpdate,
  validateStatus: validatePodStatus,
  warnings,
  columns: podColumns,
  rowConditions: podRowConditions,
  selectable: {
    'spec.nodeName': ['spec', 'nodeName'],
    'spec.restartPolicy': ['spec', 'restartPolicy'],
    'spec.schedulerName': ['spec', 'schedulerName'],
    'spec.serviceAccountName': ['spec', 'serviceAccountName'],
    'spec.hostNetwork': ['spec', 'hostNetwork'],
    'status.phase': ['status', 'phase'],
    'status.podIP': ['status', 'podIP'],
    'status.nominatedNodeName': ['status', 'nominatedNodeName'],
  },
  grace,
});
