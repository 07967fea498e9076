/** Warnings about pods and templates that are valid but unwise (pkg/api/pod/warnings.go). */
import { equal, type Obj } from '../../../lib/json.ts';
import { ipWarnings } from '../../machinery/ip.ts';
import { isValidLabelValue } from '../../machinery/names.ts';
import { formatQuantity, isWhole, quantity } from '../../machinery/quantity.ts';
import { APPARMOR } from './spec-annotations.ts';
import { visitContainers } from '../../machinery/spec-checks.ts';
import { appArmorProfile } from './spec-security.ts';
import { overlapWarnings } from './spec-overlaps.ts';

const NODE_LABELS: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};
const ANNOTATIONS: Record<string, string> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const PLUGINS: [field: string, shown: string, message: string][] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const NULL_SELECTOR = 'a null labelSelector results in matching no pod';
const quote = JSON.stringify;

/** `prefix` is "" for a pod, "spec.template." for a workload's template. */
export function podWarnings(meta: Obj, spec: Obj, prefix: string): string[] {
  const out: string[] = [];
  const at = `${prefix}spec`;
  placement(spec, at, out);
  for (const key in ANNOTATIONS) {
    if (meta.annotations?.[key] !== undefined) out.push(`${prefix}metadata.annotations[${key}]: ${ANNOTATIONS[key]}`);
  }
  volumes(spec.volumes, at, out);
  duplicates(spec, at, out);
  for (const name of ['memory', 'ephemeral-storage']) fractional(spec.overhead, name, `${at}.overhead`, out);
  if (meta.annotations) profiles(meta, spec, prefix, out);
  visitContainers(spec, at, (container, path) => containerWarnings(container, path, out));
  ports(spec, at, out);
  if (spec.terminationGracePeriodSeconds < 0) {
    out.push(`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  for (const kind of ['podAffinity', 'podAntiAffinity']) podAffinity(spec.affinity?.[kind], `${at}.affinity.${kind}`, out);
  (spec.dnsConfig?.nameservers ?? []).forEach((ip: string, i: number) => {
    out.push(...ipWarnings(`${at}.dnsConfig.nameservers[${i}]`, ip));
  });
  (spec.hostAliases ?? []).forEach((alias: Obj, i: number) => {
    out.push(...ipWarnings(`${at}.hostAliases[${i}].ip`, alias.ip ?? ''));
  });
  return out;
}

function placement(spec: Obj, path: string, out: string[]): void {
  for (const key in spec.nodeSelector ?? {}) {
    if (NODE_LABELS[key]) out.push(`${path}.nodeSelector[${key}]: ${NODE_LABELS[key]}`);
  }
  const node = spec.affinity?.nodeAffinity;
  (node?.[REQUIRED]?.nodeSelectorTerms ?? []).forEach((term: Obj, i: number) => {
    nodeTerm(term, false, `${path}.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms[${i}]`, out);
  });
  (node?.[PREFERRED] ?? []).forEach((term: Obj, i: number) => {
    nodeTerm(term.preference ?? {}, true, `${path}.affinity.nodeAffinity.${PREFERRED}[${i}].preference`, out);
  });
  (spec.topologySpreadConstraints ?? []).forEach((constraint: Obj, i: number) => {
    const at = `${path}.topologySpreadConstraints[${i}]`;
    const message = NODE_LABELS[constraint.topologyKey];
    if (message) out.push(`${at}.topologyKey: ${constraint.topologyKey} is ${message}`);
    if (!constraint.labelSelector) out.push(`${at}.labelSelector: ${NULL_SELECTOR}`);
  });
}

/** What is wrong with a label of nodes that is not to be used any more. */
export const nodeLabelWarning = (key: string): string | undefined => NODE_LABELS[key];

/** Warnings about deprecated labels in a term of a node selector. */
export const deprecatedLabels = (term: Obj, path: string, out: string[]): void => nodeTerm(term, false, path, out);

function nodeTerm(term: Obj, values: boolean, path: string, out: string[]): void {
  (term.matchExpressions ?? []).forEach((expression: Obj, i: number) => {
    const at = `${path}.matchExpressions[${i}]`;
    const message = NODE_LABELS[expression.key];
    if (message) out.push(`${at}.key: ${expression.key} is ${message}`);
    if (!values) return;
    (expression.values ?? []).forEach((value: string, j: number) => {
      for (const problem of isValidLabelValue(value)) out.push(`${at}.values[${j}]: ${value} is invalid, ${problem}`);
    });
  });
}

function volumes(list: Obj[] | undefined, path: string, out: string[]): void {
  if (!list) return;
  list.forEach((volume, i) => {
    for (const [field, shown, message] of PLUGINS) {
      if (volume[field]) out.push(`${path}.volumes[${i}].${shown}: ${message}`);
      if (field !== 'glusterfs') continue;
      const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
      const at = `${path}.volumes[${i}].ephemeral.volumeClaimTemplate.spec.resources`;
      fractional(claim?.resources?.requests, 'storage', `${at}.requests`, out);
      fractional(claim?.resources?.limits, 'storage', `${at}.limits`, out);
    }
  });
  out.push(...overlapWarnings(list));
}

function duplicates(spec: Obj, path: string, out: string[]): void {
  const ips = new Set<string>();
  (spec.hostAliases ?? []).forEach(({ ip = '' }: Obj, i: number) => {
    if (ips.has(ip)) out.push(`${path}.hostAliases[${i}].ip: duplicate ip ${quote(ip)}`);
    ips.add(ip);
  });
  const names = new Set<string>();
  const secrets: Obj[] = spec.imagePullSecrets ?? [];
  secrets.forEach(({ name = '' }, i) => {
    if (names.has(name)) out.push(`${path}.imagePullSecrets[${i}].name: duplicate name ${quote(name)}`);
    names.add(name);
  });
  secrets.forEach(({ name }, i) => {
    if (!name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
}

function fractional(list: Obj | undefined, name: string, path: string, out: string[]): void {
  const text = list?.[name];
  if (text === undefined || isWhole(quantity(text))) return;
  const shown = quote(formatQuantity(quantity(text)));
  out.push(`${path}[${name}]: fractional byte value ${shown} is invalid, must be an integer`);
}

/** The appArmorProfile that the old annotation means; undefined when it means none. */
export function profileOfAnnotation(annotation: string): Obj | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const name = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : '';
  const profile = { type: 'Localhost', localhostProfile: name };
  return name && appArmorProfile(profile, '').length === 0 ? profile : undefined;
}

/** For a pod, upstream warns when it copies the annotation to the field; then the two agree here. */
function profiles(meta: Obj, spec: Obj, prefix: string, out: string[]): void {
  const isPod = prefix === '';
  const annotations = meta.annotations;
  const at = (key: string) => `${prefix}metadata.annotations[${key}]`;
  const old = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (!spec.securityContext?.seccompProfile && annotations[SECCOMP_POD] !== undefined) out.push(`${at(SECCOMP_POD)}: ${old}`);
  visitContainers(spec, '', (container) => {
    const seccomp = SECCOMP_CONTAINER + container.name;
    if (!container.securityContext?.seccompProfile && annotations[seccomp] !== undefined) out.push(`${at(seccomp)}: ${old}`);
    const key = APPARMOR + container.name;
    if (annotations[key] === undefined) return;
    const meant = profileOfAnnotation(annotations[key]);
    const own = container.securityContext?.appArmorProfile;
    const warn = own
      ? isPod && equal(own, meant)
      : isPod
        ? !meant
        : !spec.securityContext?.appArmorProfile || !equal(spec.securityContext.appArmorProfile, meant);
    if (warn) out.push(`${at(key)}: deprecated since v1.30; use the "appArmorProfile" field instead`);
  });
}

function containerWarnings(container: Obj, path: string, out: string[]): void {
  for (const name of ['memory', 'ephemeral-storage']) {
    for (const side of ['limits', 'requests']) {
      fractional(container.resources?.[side], name, `${path}.resources.${side}`, out);
    }
  }
  const variables: Obj[] | undefined = container.env;
  if (!variables || variables.length < 2) return;
  const seen = new Set<string>();
  variables.forEach(({ name = '', value = '', valueFrom }, i) => {
    const reference = `$(${name})`;
    const hides = valueFrom !== undefined || value === reference || !value.includes(reference);
    if (seen.has(name) && hides) {
      out.push(`${path}.env[${i}]: hides previous definition of ${quote(name)}, which may be dropped when using apply`);
    }
    seen.add(name);
  });
}

interface Port {
  path: string;
  hostIP: string;
  hostPort: number;
}

function ports(spec: Obj, path: string, out: string[]): void {
  const all = new Map<string, Port[]>();
  const names = new Map<string, string>();
  const named: string[] = [];
  visitContainers(spec, path, (container, at) => {
    (container.ports ?? []).forEach((port: Obj, i: number) => {
      const { name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' } = port;
      const here = { path: `${at}.ports[${i}]`, hostIP, hostPort };
      if (hostIP && !hostPort) {
        const shown = `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
        out.push(`${here.path}: hostIP set without hostPort: ${shown}`);
      }
      const key = `${containerPort}/${protocol}`;
      const others = all.get(key) ?? [];
      for (const other of others) {
        const how = relation(here, other);
        if (how) out.push(`${here.path}: ${how} port definition with ${other.path}`);
      }
      all.set(key, [...others, here]);
      if (!name) return;
      const first = names.get(name);
      const hint = 'services and probes that select ports by name will use';
      if (first) named.push(`${here.path}: duplicate port name ${quote(name)} with ${first}, ${hint} ${first}`);
      else names.set(name, here.path);
    });
  });
  out.push(...named);
}

function relation(a: Port, b: Port): string | undefined {
  if (a.hostIP === b.hostIP && a.hostPort === b.hostPort) return 'duplicate';
  if (!a.hostPort || !b.hostPort) return 'overlapping';
  return a.hostPort === b.hostPort && !a.hostIP !== !b.hostIP ? 'dangerously ambiguous' : undefined;
}

function podAffinity(affinity: Obj | undefined, path: string, out: string[]): void {
  (affinity?.[REQUIRED] ?? []).forEach((term: Obj, i: number) => {
    if (!term.labelSelector) out.push(`${path}.${REQUIRED}[${i}].labelSelector: ${NULL_SELECTOR}`);
  });
  (affinity?.[PREFERRED] ?? []).forEach((term: Obj, i: number) => {
    if (!term.podAffinityTerm?.labelSelector)
      out.push(`${path}.${PREFERRED}[${i}].podAffinityTerm.labelSelector: ${NULL_SELECTOR}`);
  });
}
