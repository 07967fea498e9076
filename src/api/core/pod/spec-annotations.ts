/** Annotations that once were fields, and fields that must agree with them (core/validation ValidatePodSpecificAnnotations). */
import type { KubeObject, Obj } from '../../../lib/json.ts';
import { forbidden, invalid } from '../../machinery/field-errors.ts';
import { descendingPath, type Errors, type PodOptions, visitContainers } from '../../machinery/spec-checks.ts';
import { validateTolerations } from './spec-tolerations.ts';

export const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

type Annotations = Record<string, string>;

/** The annotation that says which pods go first on scaling down; undefined when it is wrong. */
export function deletionCost(annotations: Annotations | undefined): number | undefined {
  const text = annotations?.[DELETION_COST];
  if (text === undefined) return 0;
  if (!/^(-[0-9]+|0|[1-9][0-9]*)$/.test(text)) return undefined;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : undefined;
}

export function validatePodAnnotations(
  annotations: Annotations | undefined,
  spec: Obj,
  path: string,
  errors: Errors,
  options: PodOptions,
): void {
  if (!annotations) return;
  if (annotations[MIRROR] !== undefined && !spec.nodeName) {
    const detail = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(invalid(`${path}[${MIRROR}]`, annotations[MIRROR], detail));
  }
  if (annotations[TOLERATIONS]) tolerations(annotations[TOLERATIONS], path, errors, options);
  if (!options.allowInvalidDeletionCost && deletionCost(annotations) === undefined) {
    errors.push(invalid(`${path}[${DELETION_COST}]`, annotations[DELETION_COST], 'must be a 32bit integer'));
  }
  if (annotations[SECCOMP_POD] !== undefined) seccomp(annotations[SECCOMP_POD], `${path}.${SECCOMP_POD}`, errors);
  for (const key in annotations) {
    if (key.startsWith(SECCOMP_CONTAINER)) seccomp(annotations[key], `${path}.${key}`, errors);
  }
  for (const key in annotations) {
    if (key.startsWith(APPARMOR)) appArmor(key, annotations[key], spec, `${path}[${key}]`, errors);
  }
}

function tolerations(text: string, path: string, errors: Errors, options: PodOptions): void {
  try {
    const list: Obj[] = JSON.parse(text);
    validateTolerations(list, `${path}.${TOLERATIONS}`, errors, options);
  } catch (error) {
    errors.push(invalid(path, TOLERATIONS, (error as Error).message));
  }
}

function seccomp(profile: string, path: string, errors: Errors): void {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return;
  if (profile.startsWith('localhost/')) descendingPath(errors, profile.slice('localhost/'.length), path);
  else errors.push(invalid(path, profile, 'must be a valid seccomp profile'));
}

function appArmor(key: string, profile: string, spec: Obj, path: string, errors: Errors): void {
  const name = key.slice(APPARMOR.length);
  let found = false;
  visitContainers(spec, '', (container) => {
    if (container.name === name) found = true;
  });
  if (!found) errors.push(invalid(path, name, 'container not found'));
  if (profile === '' || profile === 'runtime/default' || profile === 'unconfined' || profile.startsWith('localhost/')) return;
  errors.push(invalid(path, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`));
}

/** seccompProfile and appArmorProfile against the annotations of the same meaning. */
export function validateProfilesMatch(annotations: Annotations | undefined, spec: Obj, path: string, errors: Errors): void {
  if (!annotations) return;
  const pod = spec.securityContext?.seccompProfile;
  const podSeccomp = annotations[SECCOMP_POD];
  if (pod && podSeccomp !== undefined) {
    match(podSeccomp, pod, 'seccomp', `${path}.securityContext.seccompProfile`, errors);
  }
  visitContainers(spec, path, (container, at) => {
    const profile = container.securityContext?.seccompProfile;
    const annotation = annotations[SECCOMP_CONTAINER + (container.name ?? '')];
    if (profile && annotation !== undefined)
      match(annotation, profile, 'seccomp', `${at}.securityContext.seccompProfile`, errors);
  });
  if (spec.os?.name === 'windows') return;
  visitContainers(spec, path, (container, at) => {
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    const annotation = annotations[APPARMOR + (container.name ?? '')];
    if (profile && annotation !== undefined)
      match(annotation, profile, 'apparmor', `${at}.securityContext.appArmorProfile`, errors);
  });
}

function match(annotation: string, profile: Obj, what: 'seccomp' | 'apparmor', path: string, errors: Errors): void {
  const type = () => errors.push(forbidden(`${path}.type`, `${what} type in annotation and field must match`));
  if (profile.type === 'Unconfined') {
    if (annotation !== 'unconfined') type();
  } else if (profile.type === 'RuntimeDefault') {
    if (annotation !== 'runtime/default' && !(what === 'seccomp' && annotation === 'docker/default')) type();
  } else if (profile.type === 'Localhost') {
    if (!annotation.startsWith('localhost/')) type();
    else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
      errors.push(forbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`));
    }
  }
}

/** ValidatePodSpecificAnnotationUpdates: what may change, and once more what holds anyway. */
export function validateAnnotationUpdates(pod: KubeObject, old: KubeObject, errors: Errors, options: PodOptions): void {
  const path = 'metadata.annotations';
  const now = pod.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  for (const key in before) {
    if (now[key] === before[key]) continue;
    if (key.startsWith(APPARMOR)) errors.push(forbidden(`${path}[${key}]`, 'may not remove or update AppArmor annotations'));
    if (key === MIRROR) errors.push(forbidden(`${path}[${key}]`, 'may not remove or update mirror pod annotation'));
  }
  for (const key in now) {
    if (key in before) continue;
    if (key.startsWith(APPARMOR)) errors.push(forbidden(`${path}[${key}]`, 'may not add AppArmor annotations'));
    if (key === MIRROR) errors.push(forbidden(`${path}[${key}]`, 'may not add mirror pod annotation'));
  }
  validatePodAnnotations(pod.metadata.annotations, pod.spec, path, errors, options);
}
