/** Validation of updates of a pod (core/validation ValidatePodUpdate and the subresources ephemeralcontainers and resize). */
import { clone, equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { rangeError } from '../../machinery/names.ts';
import { isRestartable, qosClass } from './resources.ts';
import { MIRROR, validateAnnotationUpdates } from './spec-annotations.ts';
import { type Errors, isEmpty, type PodOptions, sortedMap } from '../../machinery/spec-checks.ts';
import { validateTolerations } from './spec-tolerations.ts';
import { containerDiff, podSpecDiff } from './update-diff.ts';

const MAX_INT32 = 2 ** 31 - 1;
const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** Checks of an update beyond those of every pod; stops at the error at which upstream stops. */
export function validatePodUpdate(pod: KubeObject, old: KubeObject, errors: Errors, options: PodOptions): void {
  validateAnnotationUpdates(pod, old, errors, options);
  if (!images(pod.spec.containers, old.spec.containers, 'spec.containers', errors)) return;
  if (!images(pod.spec.initContainers, old.spec.initContainers, 'spec.initContainers', errors)) return;
  if (!deadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds, errors)) return;
  onlyAddedTolerations(pod.spec.tolerations ?? [], old.spec.tolerations ?? [], errors, options);
  onlyDeletedGates(pod.spec.schedulingGates ?? [], old.spec.schedulingGates ?? [], errors);
  if (equal(pod.spec, old.spec)) return;
  const munged = mungedSpec(pod.spec, old.spec);
  if (old.spec.schedulingGates?.length) gated(munged, old.spec, errors);
  if (equal(munged, old.spec)) return;
  const diff = podSpecDiff(old.spec, munged, pod.spec);
  errors.push(forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${diff}`));
}

function images(now: Obj[] | undefined, before: Obj[] | undefined, path: string, errors: Errors): boolean {
  const containers = now ?? [];
  const old = before ?? [];
  if (containers.length !== old.length) {
    errors.push(forbidden(path, 'pod updates may not add or remove containers'));
    return false;
  }
  containers.forEach(({ image = '' }, i) => {
    if (!image) errors.push(required(`${path}[${i}].image`));
    if (image.trim() !== image) {
      errors.push(invalid(`${path}[${i}].image`, image, 'must not have leading or trailing whitespace'));
    }
  });
  return true;
}

function deadline(seconds: number | undefined, old: number | undefined, errors: Errors): boolean {
  const path = 'spec.activeDeadlineSeconds';
  if (seconds === undefined) {
    if (old !== undefined) errors.push(invalid(path, null, 'must not update from a positive integer to nil value'));
    return true;
  }
  if (seconds < 0 || seconds > MAX_INT32) errors.push(invalid(path, seconds, rangeError(0, MAX_INT32)));
  else if (old !== undefined && old < seconds) {
    errors.push(invalid(path, seconds, 'must be less than or equal to previous value'));
  } else return true;
  return false;
}

function onlyAddedTolerations(now: Obj[], old: Obj[], errors: Errors, options: PodOptions): void {
  const key = (t: Obj) => JSON.stringify([t.key ?? '', t.operator ?? '', t.value ?? '', t.effect ?? '']);
  const present = new Set(now.map(key));
  if (old.some((t) => !present.has(key(t)))) {
    const detail = 'existing toleration can not be modified except its tolerationSeconds';
    errors.push(forbidden('spec.tolerations', detail));
    return;
  }
  validateTolerations(now, 'spec.tolerations', errors, options);
}

function onlyDeletedGates(now: Obj[], old: Obj[], errors: Errors): void {
  const known = new Set(old.map((gate) => gate.name));
  now.forEach(({ name }, i) => {
    if (known.has(name)) return;
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbidden(`spec.schedulingGates[${i}].name`, detail));
  });
}

function restore(spec: Obj, old: Obj, field: string): void {
  if (old[field] === undefined) delete spec[field];
  else spec[field] = old[field];
}

/** The new spec with everything put back that may change. */
function mungedSpec(spec: Obj, old: Obj): Obj {
  const out = clone(spec);
  for (const list of ['containers', 'initContainers']) {
    (out[list] ?? []).forEach((container: Obj, i: number) => {
      restore(container, old[list][i], 'image');
    });
  }
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations']) restore(out, old, field);
  if (old.terminationGracePeriodSeconds < 0 && out.terminationGracePeriodSeconds === 1) {
    out.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  return out;
}

/** A pod that waits at gates may narrow where it can run. Mutates `munged`. */
function gated(munged: Obj, old: Obj, errors: Errors): void {
  const selector: Record<string, string> = munged.nodeSelector ?? {};
  if (!equal(selector, old.nodeSelector ?? {})) {
    const before: Record<string, string> = old.nodeSelector ?? {};
    if (Object.keys(before).some((key) => selector[key] !== before[key])) {
      const detail = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
      errors.push(invalid('spec.nodeSelector', sortedMap(munged.nodeSelector), detail));
    }
    restore(munged, old, 'nodeSelector');
  }
  const affinity = munged.affinity?.nodeAffinity;
  const oldAffinity = old.affinity?.nodeAffinity;
  if (equal(affinity ?? null, oldAffinity ?? null)) return;
  nodeAffinity(affinity, oldAffinity, errors);
  if (!munged.affinity) munged.affinity = { nodeAffinity: oldAffinity };
  else if (!old.affinity && !munged.affinity.podAffinity && !munged.affinity.podAntiAffinity) delete munged.affinity;
  else restore(munged.affinity, old.affinity ?? {}, 'nodeAffinity');
}

function nodeAffinity(now: Obj | undefined, old: Obj | undefined, errors: Errors): void {
  const before: Obj[] | undefined = old?.[REQUIRED]?.nodeSelectorTerms;
  if (!before?.length) return;
  const after: Obj[] = now?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  if (before.length !== after.length) {
    const detail = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    errors.push(invalid(path, after.length ? after.map(shownTerm) : null, detail));
    return;
  }
  before.forEach((term, i) => {
    if (onlyAdds(after[i], term)) return;
    errors.push(invalid(`${path}[${i}]`, shownTerm(after[i]), 'only additions are allowed (no mutations or deletions)'));
  });
}

const shownTerm = (term: Obj): Obj => {
  const list = (rs: Obj[] | undefined) =>
    rs?.map((r) => ({ Key: r.key ?? '', Operator: r.operator ?? '', Values: r.values ?? null })) ?? null;
  return { MatchExpressions: list(term.matchExpressions), MatchFields: list(term.matchFields) };
};

function onlyAdds(now: Obj, old: Obj): boolean {
  const nothing = isEmpty(old.matchExpressions) && isEmpty(old.matchFields);
  if (nothing && (!isEmpty(now.matchExpressions) || !isEmpty(now.matchFields))) return false;
  return ['matchExpressions', 'matchFields'].every((field) => {
    const before: Obj[] = old[field] ?? [];
    return equal((now[field] ?? []).slice(0, before.length), before);
  });
}

/** PUT of pods/ephemeralcontainers. */
export function validateEphemeralUpdate(pod: KubeObject, old: KubeObject, errors: Errors, options: PodOptions): Errors {
  validateAnnotationUpdates(pod, old, errors, options);
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    return [forbidden('', 'static pods do not support ephemeral containers')];
  }
  const byName = new Map<string, Obj>((pod.spec.ephemeralContainers ?? []).map((c: Obj) => [c.name, c]));
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = byName.get(before.name);
    const name = JSON.stringify(before.name);
    if (!now) {
      errors.push(forbidden('spec.ephemeralContainers', `existing ephemeral containers ${name} may not be removed\n`));
    } else if (!equal(now, before)) {
      const detail = `existing ephemeral containers ${name} may not be changed\n${containerDiff(before, now)}`;
      errors.push(forbidden('spec.ephemeralContainers', detail));
    }
  }
  return errors;
}

/** PUT of pods/resize. */
export function validateResize(pod: KubeObject, old: KubeObject, errors: Errors): Errors {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')];
  if ((old.status?.qosClass || qosClass(old.spec)) !== qosClass(pod.spec)) {
    errors.push(invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  }
  const running = (old.status?.containerStatuses ?? []).find((s: Obj) => s.state?.running);
  if (running && !running.resources) errors.push(forbidden('spec', 'Pod running on node without support for resize'));
  const masked = clone(pod.spec);
  podLevel(masked, old.spec, errors);
  if (old.status?.nodeAllocatableResourceClaimStatuses?.length) {
    errors.push(forbidden('spec', 'pods with node allocatable resource claims cannot be resized'));
  }
  if (!sameOrder(pod.spec, old.spec, errors)) return errors;
  for (const list of ['initContainers', 'containers']) {
    (old.spec[list] ?? []).forEach((before: Obj, i: number) => {
      removed(pod.spec[list][i].resources, before.resources, `spec.${list}[${i}].resources`, 'resource ', errors);
    });
  }
  onlyComputeChanged(masked, old.spec, errors);
  if (!errors.length && !equal(masked, old.spec)) errors.push(forbidden('spec', 'only cpu and memory resources are mutable'));
  return errors;
}

const hasResources = (spec: Obj): boolean => !isEmpty(spec.resources?.requests) || !isEmpty(spec.resources?.limits);

function podLevel(masked: Obj, old: Obj, errors: Errors): void {
  if (!hasResources(masked) && !hasResources(old)) return;
  if (old.resources && !masked.resources) {
    errors.push(forbidden('spec.resources', 'pod-level resources cannot be removed'));
    return;
  }
  if (old.resources) removed(masked.resources, old.resources, 'spec.resources', 'pod-level resource ', errors);
  maskCompute(masked, old.resources);
  if (!old.resources && isEmpty(masked.resources)) delete masked.resources;
  if (!equal(masked.resources ?? {}, old.resources ?? {})) {
    errors.push(forbidden('spec', 'only cpu and memory resources are mutable at pod-level'));
  }
}

function removed(now: Obj | undefined, old: Obj | undefined, path: string, what: string, errors: Errors): void {
  for (const side of ['requests', 'limits']) {
    const gone = Object.keys(old?.[side] ?? {}).some((name) => now?.[side]?.[name] === undefined);
    if (gone) errors.push(forbidden(`${path}.${side}`, `${what}${side} cannot be removed`));
  }
}

function sameOrder(now: Obj, old: Obj, errors: Errors): boolean {
  const before = errors.length;
  for (const list of ['containers', 'initContainers']) {
    const left: Obj[] = now[list] ?? [];
    const right: Obj[] = old[list] ?? [];
    if (left.length !== right.length) {
      errors.push(forbidden(`spec.${list}`, `${list} may not be added or removed on resize`));
      continue;
    }
    right.forEach((container, i) => {
      if (left[i].name === container.name) return;
      errors.push(forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`));
    });
  }
  return errors.length === before;
}

/** Puts the old cpu and memory back. Mutates `holder`. */
function maskCompute(holder: Obj, old: Obj | undefined): void {
  const resources: Obj = { ...holder.resources };
  for (const side of ['requests', 'limits']) {
    const list: Obj = { ...resources[side] };
    for (const name of ['cpu', 'memory']) restore(list, old?.[side] ?? {}, name);
    if (isEmpty(list)) delete resources[side];
    else resources[side] = list;
  }
  holder.resources = resources;
}

function onlyComputeChanged(masked: Obj, old: Obj, errors: Errors): void {
  (masked.containers ?? []).forEach((container: Obj, i: number) => {
    maskCompute(container, old.containers[i].resources);
    if (!equal(container, old.containers[i])) errors.push(forbidden('spec', 'only cpu and memory resources are mutable'));
  });
  (masked.initContainers ?? []).forEach((container: Obj, i: number) => {
    const before = old.initContainers[i];
    const changed = !equal(container, before);
    const path = `spec.initContainers[${i}]`;
    maskCompute(container, before.resources);
    if (!equal(container, before)) {
      errors.push(forbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable'));
    }
    if (!changed || isRestartable(container)) return;
    for (const policy of container.resizePolicy ?? []) {
      if (policy.restartPolicy !== 'RestartContainer') continue;
      const detail = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
      errors.push(forbidden(path, detail));
    }
  });
}
