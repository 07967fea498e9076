/** Validation of a pod's spec, in upstream's order: shared by pods and every kind with a template (core/validation ValidatePodSpec). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, notFound, required, tooLong } from '../../machinery/field-errors.ts';
import { validateLabels } from '../../machinery/labels.ts';
import { byteLength, isDns1123SubdomainWithUnderscore, isIP, rangeError } from '../../machinery/names.ts';
import { cmp, formatQuantity, quantity } from '../../machinery/quantity.ts';
import { type ContainerContext, validateContainers, validateEphemeralContainers, validateInitContainers } from './container.ts';
import { usesIndivisibleHugePages, validateContainerResources, validatePodResources } from './container-resources.ts';
import { aggregate, isHugePages } from './resources.ts';
import {
  hasInvalidAffinitySelector,
  hasInvalidNodeAffinityValue,
  spreadAllowances,
  validateAffinity,
  validateSpread,
} from './spec-affinity.ts';
import { deletionCost, MIRROR } from './spec-annotations.ts';
import {
  dnsLabel,
  dnsSubdomain,
  type Errors,
  goStruct,
  invalids,
  type PodOptions,
  qualifiedName,
  text,
  unsupported,
  visitContainers,
} from '../../machinery/spec-checks.ts';
import { hasUserNamespaceDevices, validateHostPorts, validateHostProcess, validateHostUsers, validateOS } from './spec-os.ts';
import { hasHostSysctls, validatePodSecurityContext } from './spec-security.ts';
import { validateTolerations } from './spec-tolerations.ts';
import { validateVolumes } from '../volume/volume.ts';
import { hasNonLocalTokenPath } from '../volume/projected.ts';

const MAX_INT32 = 2 ** 31 - 1;
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION = ['PreemptLowerPriority', 'Never'];

/** Options of validation by which a new spec may keep what a stored one has (pkg/api/pod GetValidationOptionsFromPodSpecAndMeta). */
export function podOptions(isPod: boolean, old?: Obj, oldMeta?: Obj): PodOptions {
  if (!old) return { isPod };
  return {
    isPod,
    allowIndivisibleHugePages: usesIndivisibleHugePages(old),
    allowInvalidLabelValueInSelector: hasInvalidAffinitySelector(old),
    allowInvalidLabelValueInNodeAffinity: hasInvalidNodeAffinityValue(old),
    ...spreadAllowances(old),
    allowNonLocalTokenPath: hasNonLocalTokenPath(old),
    allowHostSysctls: hasHostSysctls(old),
    allowInvalidDeletionCost: deletionCost(oldMeta?.annotations) === undefined,
    allowAnySELinuxChangePolicy: old.securityContext?.seLinuxChangePolicy !== undefined,
    allowTolerationComparisons: (old.tolerations ?? []).some((t: Obj) => t.operator === 'Lt' || t.operator === 'Gt'),
    allowUserNamespaceDevices: hasUserNamespaceDevices(old),
    allowInitRestartContainer: (old.initContainers ?? []).some(
      (c: Obj) => c.restartPolicy !== 'Always' && (c.resizePolicy ?? []).some((p: Obj) => p.restartPolicy === 'RestartContainer'),
    ),
  };
}

/** `meta` is the pod's, or undefined for a template. */
export function validatePodSpec(spec: Obj, meta: Obj | undefined, path: string, errors: Errors, options: PodOptions): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(required(`${path}.terminationGracePeriodSeconds`));
  const volumes = validateVolumes(spec.volumes, meta?.name, `${path}.volumes`, errors, options);
  const claims = new Set<string>((spec.resourceClaims ?? []).map((c: Obj) => c.name).filter(Boolean));
  if (spec.resourceClaims) resourceClaims(spec.resourceClaims, meta, `${path}.resourceClaims`, errors);
  const cx: ContainerContext = { spec, volumes, claims, options };
  validateContainers(cx, `${path}.containers`, errors);
  validateInitContainers(cx, `${path}.initContainers`, errors);
  validateEphemeralContainers(cx, `${path}.ephemeralContainers`, errors);
  if (spec.resources) podLevelResources(spec, claims, `${path}.resources`, errors, options);
  validateHostPorts(spec, path, errors, options);
  choice(spec.restartPolicy ?? '', RESTART_POLICIES, `${path}.restartPolicy`, errors);
  choice(spec.dnsPolicy ?? '', DNS_POLICIES, `${path}.dnsPolicy`, errors);
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  validatePodSecurityContext(spec, `${path}.securityContext`, errors, options);
  if (spec.affinity) validateAffinity(spec.affinity, `${path}.affinity`, errors, options);
  dnsConfig(spec, `${path}.dnsConfig`, errors);
  gates(spec, path, errors);
  if (spec.topologySpreadConstraints) {
    validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, errors, options);
  }
  validateHostProcess(spec, path, errors);
  validateHostUsers(spec, path, errors, options);
  if (spec.hostnameOverride !== undefined) hostnameOverride(spec, `${path}.hostnameOverride`, errors);
  scheduling(spec, path, errors, options);
  policies(spec, path, errors, options);
}

function choice(value: string, values: string[], path: string, errors: Errors): void {
  if (!value) errors.push(required(path));
  else if (!values.includes(value)) errors.push(unsupported(path, value, values));
}

/** Names of places and times. */
function scheduling(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  if (spec.serviceAccountName) dnsSubdomain(errors, spec.serviceAccountName, `${path}.serviceAccountName`);
  if (spec.nodeName) dnsSubdomain(errors, spec.nodeName, `${path}.nodeName`);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, rangeError(1, MAX_INT32)));
  }
  if (spec.hostname) dnsLabel(errors, spec.hostname, `${path}.hostname`);
  if (spec.subdomain) dnsLabel(errors, spec.subdomain, `${path}.subdomain`);
  if (spec.tolerations) validateTolerations(spec.tolerations, `${path}.tolerations`, errors, options);
  (spec.hostAliases ?? []).forEach((alias: Obj, i: number) => {
    const at = `${path}.hostAliases[${i}]`;
    invalids(errors, `${at}.ip`, alias.ip ?? '', isIP(alias.ip ?? ''));
    (alias.hostnames ?? []).forEach((name: string, j: number) => {
      dnsSubdomain(errors, name, `${at}.hostnames[${j}]`);
    });
  });
}

function policies(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  if (spec.priorityClassName) dnsSubdomain(errors, spec.priorityClassName, `${path}.priorityClassName`);
  if (spec.runtimeClassName !== undefined) dnsSubdomain(errors, spec.runtimeClassName, `${path}.runtimeClassName`);
  if (spec.preemptionPolicy !== undefined) choice(spec.preemptionPolicy, PREEMPTION, `${path}.preemptionPolicy`, errors);
  if (spec.overhead) validateContainerResources({ limits: spec.overhead }, new Set(), `${path}.overhead`, errors, options);
  if (spec.os) validateOS(spec, path, errors);
  visitContainers(spec, path, (container, at) => {
    if (container.env) fileKeyVolumes(container.env, spec, at, errors);
  });
}

function fileKeyVolumes(variables: Obj[], spec: Obj, path: string, errors: Errors): void {
  for (let j = 0; j < variables.length; j++) {
    const ref = variables[j].valueFrom?.fileKeyRef;
    if (!ref) continue;
    const name = ref.volumeName ?? '';
    const at = `${path}.env[${j}].valueFrom.fileKeyRef.volumeName`;
    const volume = (spec.volumes ?? []).findLast((v: Obj) => (v.name ?? '') === name);
    if (!volume) errors.push(notFound(at, name));
    else if (!volume.emptyDir) errors.push(invalid(at, name, 'referenced volume must be of type emptyDir'));
  }
}

function resourceClaims(claims: Obj[], meta: Obj | undefined, path: string, errors: Errors): void {
  const names = new Set<string>();
  for (let i = 0; i < claims.length; i++) {
    const at = `${path}[${i}]`;
    if (meta?.annotations?.[MIRROR] !== undefined) {
      errors.push(forbidden('', 'static pods do not support resource claims'));
      continue;
    }
    const { name, resourceClaimName: direct, resourceClaimTemplateName: template } = claims[i];
    if (!name) errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else {
      dnsLabel(errors, name, `${at}.name`);
      names.add(name);
    }
    const shown = () => goStruct(claims[i], [['name', text], ['resourceClaimName'], ['resourceClaimTemplateName']]);
    if (direct !== undefined && template !== undefined) {
      const detail = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(invalid(at, shown(), detail));
    }
    if (direct === undefined && template === undefined) {
      errors.push(invalid(at, shown(), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    }
    if (direct !== undefined) dnsSubdomain(errors, direct, `${at}.resourceClaimName`);
    if (template !== undefined) dnsSubdomain(errors, template, `${at}.resourceClaimTemplateName`);
  }
}

function podLevelResources(spec: Obj, claims: Set<string>, path: string, errors: Errors, options: PodOptions): void {
  if (spec.os?.name === 'windows') {
    errors.push(forbidden(path, 'may not be set for a windows pod'));
    return;
  }
  if (spec.resources.claims) errors.push(forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  validatePodResources(spec.resources, claims, path, errors, options);
  const { requests, limits } = spec.resources;
  for (const [name, total] of aggregate(spec, 'requests')) {
    if (requests?.[name] === undefined || cmp(total, quantity(requests[name])) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`;
    errors.push(invalid(`${path}.requests[${name}]`, requests[name], detail));
  }
  if (!limits) return;
  for (const [name, total] of aggregate(spec, 'limits')) {
    if (!isHugePages(name) || limits[name] === undefined || cmp(total, quantity(limits[name])) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${formatQuantity(total)}`;
    errors.push(invalid(`${path}.limits[${name}]`, limits[name], detail));
  }
  (spec.containers ?? []).forEach((container: Obj, i: number) => {
    const own: Record<string, string> = container.resources?.limits ?? {};
    for (const name in own) {
      if (limits[name] === undefined || cmp(quantity(own[name]), quantity(limits[name])) <= 0) continue;
      const detail = `must be less than or equal to pod limits of ${limits[name]}`;
      errors.push(invalid(`${path}.containers[${i}][${name}].limits`, own[name], detail));
    }
  });
}

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_TEXT = 2048;

function dnsConfig(spec: Obj, path: string, errors: Errors): void {
  const config = spec.dnsConfig;
  const servers: string[] = config?.nameservers ?? [];
  if (spec.dnsPolicy === 'None') {
    if (!config) {
      errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
      return;
    }
    if (!servers.length) {
      const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      errors.push(required(`${path}.nameservers`, detail));
      return;
    }
  }
  if (!config) return;
  if (servers.length > MAX_NAMESERVERS) {
    errors.push(invalid(`${path}.nameservers`, servers, `must not have more than ${MAX_NAMESERVERS} nameservers`));
  }
  servers.forEach((ip, i) => invalids(errors, `${path}.nameservers[${i}]`, ip, isIP(ip)));
  const searches: string[] = config.searches ?? [];
  if (searches.length > MAX_SEARCHES) {
    errors.push(invalid(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  }
  if (byteLength(searches.join(' ')) > MAX_SEARCH_TEXT) {
    const detail = `must not have more than ${MAX_SEARCH_TEXT} characters (including spaces) in the search list`;
    errors.push(invalid(`${path}.searches`, searches, detail));
  }
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    invalids(errors, `${path}.searches[${i}]`, name, isDns1123SubdomainWithUnderscore(name));
  });
  (config.options ?? []).forEach((option: Obj, i: number) => {
    if (!option.name) errors.push(required(`${path}.options[${i}]`, 'must not be empty'));
  });
}

function gates(spec: Obj, path: string, errors: Errors): void {
  (spec.readinessGates ?? []).forEach((gate: Obj, i: number) => {
    qualifiedName(errors, gate.conditionType ?? '', `${path}.readinessGates[${i}].conditionType`);
  });
  const seen = new Set<string>();
  (spec.schedulingGates ?? []).forEach(({ name = '' }: Obj, i: number) => {
    qualifiedName(errors, name, `${path}.schedulingGates[${i}]`);
    if (seen.has(name)) errors.push(duplicate(`${path}.schedulingGates[${i}]`, name));
    seen.add(name);
  });
}

function hostnameOverride(spec: Obj, path: string, errors: Errors): void {
  if (spec.setHostnameAsFQDN) errors.push(forbidden(path, 'may not be specified when setHostnameAsFQDN is true'));
  if (spec.hostNetwork) errors.push(forbidden(path, 'may not be specified when hostNetwork is true'));
  if (byteLength(spec.hostnameOverride) > 64) errors.push(tooLong(path, '', 64));
  dnsSubdomain(errors, spec.hostnameOverride, path);
}
