/** Requests, limits and claims (core/validation validateResourceRequirements and the rules of resource names). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, notFound, required } from '../../machinery/field-errors.ts';
import { isQualifiedName } from '../../machinery/names.ts';
import { cmp, formatQuantity, isWhole, parseQuantity, type Quantity, quantity, sign, value } from '../../machinery/quantity.ts';
import { isHugePages, isNativeResource, isOvercommitAllowed, isPodLevelResource } from './resources.ts';
import { dnsLabel, type Errors, invalids, type PodOptions, unsupported } from '../../machinery/spec-checks.ts';

const OBJECTS = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COUNTED = new Set(OBJECTS);
const STANDARD = new Set([
  ...OBJECTS,
  'cpu',
  'memory',
  'ephemeral-storage',
  'storage',
  ...['cpu', 'memory', 'ephemeral-storage', 'storage'].map((name) => `requests.${name}`),
  ...['cpu', 'memory', 'ephemeral-storage'].map((name) => `limits.${name}`),
]);

/** A name of the system's own that stands without a domain. */
const isStandardResource = (name: string): boolean =>
  STANDARD.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');

/** A vendor's resource, such as example.com/gpu. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

/** Measured in whole units. */
export const isIntegerResource = (name: string): boolean => COUNTED.has(name) || isExtendedResource(name);

type NameCheck = (name: string, path: () => string, errors: Errors) => void;

function resourceName(name: string, path: () => string, errors: Errors): boolean {
  const messages = isQualifiedName(name);
  if (messages.length) {
    invalids(errors, path(), name, messages);
    return false;
  }
  if (!name.includes('/') && !isStandardResource(name)) {
    errors.push(invalid(path(), name, 'must be a standard resource type or fully qualified'));
    return false;
  }
  return true;
}

const containerResourceName: NameCheck = (name, path, errors) => {
  if (CONTAINER.has(name)) return;
  resourceName(name, path, errors);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalid(path(), name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(path(), name, "doesn't follow extended resource name standard"));
  }
};

const podResourceName: NameCheck = (name, path, errors) => {
  if (!resourceName(name, path, errors) || isPodLevelResource(name)) return;
  errors.push(unsupported(path(), name, ['cpu', 'hugepages-', 'memory']));
};

/** A single amount: not negative, and whole where it must be. */
function validateAmount(name: string, q: Quantity, path: () => string, errors: Errors): void {
  if (sign(q) < 0) errors.push(invalid(path(), formatQuantity(q), 'must be greater than or equal to 0'));
  if (!CONTAINER.has(name) && isIntegerResource(name) && !isWhole(q)) {
    errors.push(invalid(path(), formatQuantity(q), 'must be an integer'));
  }
}

function hugePages(name: string, q: Quantity, path: () => string, errors: Errors, options: PodOptions): void {
  if (options.allowIndivisibleHugePages || isDivisible(name, q)) return;
  errors.push(invalid(path(), formatQuantity(q), `${formatQuantity(q)} is not positive integer multiple of ${name}`));
}

function isDivisible(name: string, q: Quantity): boolean {
  const page = parseQuantity(name.slice('hugepages-'.length));
  if (!page || sign(page) <= 0 || !isWhole(page)) return false;
  return value(q) % value(page) === 0;
}

/** `resources` of a container (or overhead). */
export const validateContainerResources = (
  resources: Obj | undefined,
  claims: Set<string>,
  path: string,
  errors: Errors,
  options: PodOptions,
): void => validateResources(resources, containerResourceName, claims, path, errors, options);

/** `spec.resources` of a pod. */
export const validatePodResources = (
  resources: Obj,
  claims: Set<string>,
  path: string,
  errors: Errors,
  options: PodOptions,
): void => validateResources(resources, podResourceName, claims, path, errors, options);

function validateResources(
  resources: Obj | undefined,
  checkName: NameCheck,
  claims: Set<string>,
  path: string,
  errors: Errors,
  options: PodOptions,
): void {
  if (!resources) return;
  let compute = false;
  let huge = false;
  for (const side of ['limits', 'requests'] as const) {
    const list: Record<string, string> | undefined = resources[side];
    for (const name in list) {
      const q = quantity(list[name]);
      const at = (): string => `${path}.${side}[${name}]`;
      checkName(name, at, errors);
      validateAmount(name, q, at, errors);
      if (side === 'requests') againstLimit(name, q, resources.limits, path, errors);
      if (isHugePages(name)) {
        huge = true;
        hugePages(name, q, at, errors, options);
      }
      if (name === 'cpu' || name === 'memory') compute = true;
    }
  }
  if (huge && !compute) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  if (resources.claims) claimNames(resources.claims, claims, `${path}.claims`, errors);
}

function againstLimit(name: string, q: Quantity, limits: Obj | undefined, path: string, errors: Errors): void {
  const text = limits?.[name];
  if (text === undefined) {
    if (isOvercommitAllowed(name)) return;
    errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    return;
  }
  const limit = quantity(text);
  const order = cmp(q, limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    errors.push(invalid(`${path}.requests`, formatQuantity(q), `must be equal to ${name} limit of ${formatQuantity(limit)}`));
  } else if (order > 0) {
    const detail = `must be less than or equal to ${name} limit of ${formatQuantity(limit)}`;
    errors.push(invalid(`${path}.requests`, formatQuantity(q), detail));
  }
}

function claimNames(list: Obj[], known: Set<string>, path: string, errors: Errors): void {
  const names = new Set<string>();
  for (let i = 0; i < list.length; i++) {
    const at = `${path}[${i}]`;
    const { name, request } = list[i];
    if (!name) {
      errors.push(required(at));
      continue;
    }
    if (names.has(name)) errors.push(duplicate(at, name));
    else {
      const key = request ? `${name}/${request}` : name;
      if (request) dnsLabel(errors, request, `${at}.request`);
      if (names.has(key)) errors.push(duplicate(at, key));
      else if (!request) for (const other of names) if (other.startsWith(`${name}/`)) errors.push(duplicate(at, name));
      names.add(key);
    }
    if (known.has(name)) continue;
    const where = known.size ? `: ${[...known].sort().join(', ')}` : ' which is empty';
    errors.push({ ...notFound(at, name), detail: `must be one of the names in pod.spec.resourceClaims${where}` });
  }
}

/** Has a stored spec huge pages that are no multiple of their page? */
export function usesIndivisibleHugePages(spec: Obj): boolean {
  const lists: Obj[] = [spec.overhead];
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    lists.push(container.resources?.limits, container.resources?.requests);
  }
  return lists.some((list) =>
    Object.keys(list ?? {}).some((name) => isHugePages(name) && !isDivisible(name, quantity(list[name]))),
  );
}
