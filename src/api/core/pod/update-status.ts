/** Validation of updates of a pod's status (core/validation ValidatePodStatusUpdate). */
import { equal, type KubeObject, type Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { parseIP } from '../../machinery/ip.ts';
import { byteLength, isIP, isValidGroupId, isValidUserId } from '../../machinery/names.ts';
import { podOptions } from './spec.ts';
import { validateAnnotationUpdates } from './spec-annotations.ts';
import { dnsLabel, dnsSubdomain, type Errors, invalids, qualifiedName, unsupported } from '../../machinery/spec-checks.ts';

const NO_RESTART = 'may not be transitioned to non-terminated state';
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];
const MAX_HEALTH_MESSAGE = 1024;

export function validatePodStatus(pod: KubeObject, old: KubeObject): Errors {
  const errors: Errors = [];
  const status: Obj = pod.status ?? {};
  const before: Obj = old.status ?? {};
  const options = pod.metadata.annotations ? podOptions(true, old.spec, old.metadata) : {};
  validateAnnotationUpdates(pod, old, errors, options);
  conditions(status.conditions ?? [], errors);
  nominated(pod, old, errors);
  if (status.observedGeneration < 0) {
    errors.push(invalid('status.observedGeneration', status.observedGeneration, 'must be a non-negative integer'));
  }
  if ((status.qosClass ?? '') !== (before.qosClass ?? '')) {
    errors.push(invalid('status.qosClass', status.qosClass ?? '', 'field is immutable'));
  }
  transitions(status, before, old.spec, errors);
  claims(status, pod.spec, errors);
  if (status.extendedResourceClaimStatus) extendedClaim(status.extendedResourceClaimStatus, pod.spec, errors);
  addresses(status.podIPs, before.podIPs, 'status.podIPs', errors);
  hostAddresses(status, before, errors);
  for (const list of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    users(status[list] ?? [], pod.spec.os?.name ?? 'linux', `status.${list}`, errors);
  }
  allocated(status.containerStatuses ?? [], pod.spec.containers ?? [], 'status.containerStatuses', errors);
  allocated(status.initContainerStatuses ?? [], pod.spec.initContainers ?? [], 'status.initContainerStatuses', errors);
  (status.ephemeralContainerStatuses ?? []).forEach((s: Obj, i: number) => {
    if (!s.allocatedResourcesStatus?.length) return;
    const path = `status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`;
    errors.push(forbidden(path, 'must not be specified in container status'));
  });
  return errors;
}

function conditions(list: Obj[], errors: Errors): void {
  list.forEach(({ type = '', observedGeneration = 0 }, i) => {
    if (observedGeneration < 0) {
      const path = `status.conditions[${i}].observedGeneration`;
      errors.push(invalid(path, observedGeneration, 'must be a non-negative integer'));
    }
    if (!SYSTEM_CONDITIONS.includes(type)) qualifiedName(errors, type, `status.conditions[${i}].Type`);
  });
}

function nominated(pod: KubeObject, old: KubeObject, errors: Errors): void {
  const name: string = pod.status?.nominatedNodeName ?? '';
  if (!name || name === old.status?.nominatedNodeName) return;
  dnsSubdomain(errors, name, 'status.nominatedNodeName');
  if (old.spec.nodeName) {
    errors.push(forbidden('status.nominatedNodeName', 'may not be set on pods that are already bound to a node'));
  }
}

/** A container's own policy and rules decide before the pod's (api/v1/pod ContainerShouldRestart). */
function shouldRestart(container: Obj, spec: Obj, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    for (const rule of container.restartPolicyRules ?? []) {
      const { operator, values = [] } = rule.exitCodes ?? {};
      if (operator === 'In' && values.includes(exitCode)) return true;
      if (operator === 'NotIn' && !values.includes(exitCode)) return true;
    }
    if (container.restartPolicy === 'Always') return true;
    return container.restartPolicy === 'OnFailure' && exitCode !== 0;
  }
  if (spec.restartPolicy === 'Always') return true;
  return spec.restartPolicy === 'OnFailure' && exitCode !== 0;
}

function allCouldRestart(spec: Obj): boolean {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((c: Obj) =>
    (c.restartPolicyRules ?? []).some((rule: Obj) => rule.action === 'RestartAllContainers'),
  );
}

function transitions(status: Obj, old: Obj, spec: Obj, errors: Errors): void {
  if (!allCouldRestart(spec)) {
    transition('containerStatuses', status, old, errors, (name, code) => mayRestart(spec.containers, spec, name, code));
    transition('initContainerStatuses', status, old, errors, (name, code) => mayRestart(spec.initContainers, spec, name, code));
  }
  transition('ephemeralContainerStatuses', status, old, errors, () => false);
}

function mayRestart(containers: Obj[] | undefined, spec: Obj, name: string, exitCode: number): boolean {
  const container = containers?.find((c) => c.name === name);
  return container ? shouldRestart(container, spec, exitCode) : false;
}

function transition(
  list: string,
  status: Obj,
  old: Obj,
  errors: Errors,
  allowed: (name: string, exitCode: number) => boolean,
): void {
  (old[list] ?? []).forEach((before: Obj, i: number) => {
    const terminated = before.state?.terminated;
    if (!terminated) return;
    const now = (status[list] ?? []).find((s: Obj) => s.name === before.name && !s.state?.terminated);
    if (now && !allowed(before.name, terminated.exitCode ?? 0)) errors.push(forbidden(`status.${list}[${i}].state`, NO_RESTART));
  });
}

function claims(status: Obj, spec: Obj, errors: Errors): void {
  const known = new Set((spec.resourceClaims ?? []).map((c: Obj) => c.name));
  const seen = new Set<string>();
  (status.resourceClaimStatuses ?? []).forEach(({ name = '', resourceClaimName }: Obj, i: number) => {
    const path = `status.resourceClaimStatuses[${i}]`;
    if (!known.has(name)) {
      errors.push(invalid(`${path}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'));
    }
    if (seen.has(name)) errors.push(duplicate(`${path}.name`, name));
    seen.add(name);
    if (resourceClaimName !== undefined) dnsSubdomain(errors, resourceClaimName, `${path}.resourceClaimName`);
  });
}

function extendedClaim(claim: Obj, spec: Obj, errors: Errors): void {
  const path = 'status.extendedResourceClaimStatus';
  const byName = new Map<string, Obj>([...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((c: Obj) => [c.name, c]));
  const mappings: Obj[] = claim.requestMappings ?? [];
  if (!mappings.length) errors.push(required(`${path}.requestMappings`, 'at least one request mapping is required'));
  const seen = new Set<string>();
  mappings.forEach(({ containerName = '', resourceName = '', requestName = '' }, i) => {
    const at = `${path}.requestMappings[${i}]`;
    const container = byName.get(containerName);
    const both = (what: string) => `spec.initContainers.${what} or spec.containers.${what}`;
    if (!container) {
      errors.push(invalid(`${at}.containerName`, containerName, `must match the name of an entry in ${both('name')}`));
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const detail = `must match the extended resource name of an entry in ${both('resources.requests')}`;
      errors.push(invalid(`${at}.resourceName`, resourceName, detail));
    }
    dnsLabel(errors, requestName, `${path}.requestName`);
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key)) {
      errors.push(duplicate(`${at}.containerName`, containerName), duplicate(`${at}.resourceName`, resourceName));
      errors.push(duplicate(`${at}.requestName`, requestName));
    }
    seen.add(key);
  });
  if (!claim.resourceClaimName) errors.push(required(`${path}.resourceClaimName`));
  else dnsSubdomain(errors, claim.resourceClaimName, `${path}.resourceClaimName`);
}

function addresses(list: Obj[] | undefined, old: Obj[] | undefined, path: string, errors: Errors): void {
  if (!list?.length || equal(list, old)) return;
  const known = new Set((old ?? []).map((o) => o.ip));
  list.forEach(({ ip = '' }, i) => {
    if (!known.has(ip)) invalids(errors, `${path}[${i}]`, ip, isIP(ip));
  });
  if (list.length < 2) return;
  const families = new Set(list.map(({ ip = '' }) => parseIP(ip)?.family));
  if (families.size === 2 && !families.has(undefined) && list.length === 2) return;
  const shown = list.map(({ ip = '' }) => ({ IP: ip }));
  errors.push(invalid(path, shown, 'may specify no more than one IP for each IP family'));
}

function hostAddresses(status: Obj, old: Obj, errors: Errors): void {
  const first = status.hostIPs?.[0];
  if (!first) return;
  if ((status.hostIP ?? '') !== (first.ip ?? '')) {
    errors.push(invalid('status.hostIPs[0].ip', first.ip ?? '', 'must be equal to `hostIP`'));
  }
  addresses(status.hostIPs, old.hostIPs, 'status.hostIPs', errors);
}

function users(statuses: Obj[], os: string, path: string, errors: Errors): void {
  statuses.forEach(({ user }, i) => {
    const linux = user?.linux;
    if (!linux) return;
    const at = `${path}[${i}].user.linux`;
    if (os === 'windows') errors.push(forbidden(at, 'cannot be set for a windows pod'));
    if (os !== 'linux') return;
    invalids(errors, `${at}.uid`, linux.uid ?? 0, isValidUserId(linux.uid ?? 0));
    invalids(errors, `${at}.gid`, linux.gid ?? 0, isValidGroupId(linux.gid ?? 0));
    (linux.supplementalGroups ?? []).forEach((group: number, g: number) => {
      invalids(errors, `${at}.supplementalGroups[${g}]`, group, isValidGroupId(group));
    });
  });
}

function allocated(statuses: Obj[], containers: Obj[], path: string, errors: Errors): void {
  statuses.forEach((status, i) => {
    const container = containers.find((c) => c.name === status.name);
    (status.allocatedResourcesStatus ?? []).forEach((resource: Obj, j: number) => {
      const at = `${path}[${i}].allocatedResourcesStatus[${j}]`;
      const problem = container && resourceProblem(resource.name ?? '', container);
      if (problem) errors.push(invalid(`${at}.name`, resource.name ?? '', problem));
      health(resource.resources ?? [], `${at}.resources`, errors);
    });
  });
}

function resourceProblem(name: string, container: Obj): string | undefined {
  if (!name.startsWith('claim:')) {
    const found = container.resources?.requests?.[name] !== undefined;
    return found ? undefined : "must match one of the container's resource requests";
  }
  const names = (container.resources?.claims ?? []).map((c: Obj) => `claim:${c.name}${c.request ? `/${c.request}` : ''}`);
  if (names.includes(name)) return undefined;
  const form = "'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return `must match one of the container's resource claims in a format ${form}`;
}

function health(resources: Obj[], path: string, errors: Errors): void {
  const ids = new Set<string>();
  resources.forEach(({ resourceID = '', health: state = '', message }, k) => {
    const at = `${path}[${k}]`;
    if (!HEALTH.includes(state)) errors.push(unsupported(`${at}.health`, state, HEALTH));
    if (message === '') errors.push(required(`${at}.message`, 'must be non-empty if specified'));
    else if (message !== undefined && byteLength(message) > MAX_HEALTH_MESSAGE) {
      errors.push(tooLong(`${at}.message`, message, MAX_HEALTH_MESSAGE));
    }
    if (ids.has(resourceID)) errors.push(duplicate(`${at}.resourceID`, resourceID));
    ids.add(resourceID);
  });
}
