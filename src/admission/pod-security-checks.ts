import type { KubeObject, Obj } from '../lib/json.ts';

/** The Pod Security Standards of 1.36 (pod-security-admission/policy): what baseline and restricted forbid, in which words. */

export interface Violation {
  reason: string;
  detail: string;
}

interface Pod {
  annotations: Record<string, string>;
  spec: Obj;
  /** Init containers, containers and ephemeral containers, in that order. */
  containers: Obj[];
}

type Check = (pod: Pod) => Violation | undefined;

const quote = (items: string[]): string => `"${items.join('", "')}"`;
const plural = (one: string, count: number, many = `${one}s`): string => (count === 1 ? one : many);
const sorted = (items: Iterable<string>): string[] => [...new Set(items)].sort();
const names = (list: Obj[]): string[] => list.map((c) => c.name);
const containers = (list: string[]): string => `${plural('container', list.length)} ${quote(list)}`;
const isWindows = (pod: Pod): boolean => pod.spec.os?.name === 'windows';
const ownUsers = (pod: Pod): boolean => pod.spec.hostUsers === false;

/** The text "pod and containers ..." for those that set a bad value. */
function setters(podIsBad: boolean, bad: string[]): string {
  return [...(podIsBad ? ['pod'] : []), ...(bad.length ? [containers(bad)] : [])].join(' and ');
}

const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const appArmorProfile: Check = ({ annotations, spec, containers: all }) => {
  const wrong = (o: Obj) => {
    const type = o.securityContext?.appArmorProfile?.type;
    return type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  };
  const bad = all.filter(wrong);
  const parts: string[] = [];
  if (wrong(spec)) parts.push('pod');
  if (bad.length) parts.push(containers(names(bad)));
  const values = sorted([...(wrong(spec) ? [spec] : []), ...bad].map((o) => o.securityContext.appArmorProfile.type));
  const notes = Object.keys(annotations)
    .filter((key) => {
      const value = annotations[key] as string;
      return key.startsWith(APPARMOR) && value && value !== 'runtime/default' && !value.startsWith('localhost/');
    })
    .map((key) => `${key}=${JSON.stringify(annotations[key])}`)
    .sort();
  if (notes.length) {
    values.push(...notes);
    parts.push(plural('annotation', notes.length));
  }
  if (!parts.length) return undefined;
  const detail = `${parts.join(' and ')} must not set AppArmor profile type to ${quote(values)}`;
  return { reason: plural('forbidden AppArmor profile', values.length), detail };
};

const CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function badCapabilities(all: Obj[], allowed: (c: string) => boolean): string | undefined {
  const added = (c: Obj): string[] => (c.securityContext?.capabilities?.add ?? []).filter((name: string) => !allowed(name));
  const bad = all.filter((c) => added(c).length);
  if (!bad.length) return undefined;
  return `${containers(names(bad))} must not include ${quote(sorted(bad.flatMap(added)))} in securityContext.capabilities.add`;
}

const capabilitiesBaseline: Check = ({ containers: all }) => {
  const detail = badCapabilities(all, (c) => CAPABILITIES.has(c));
  return detail ? { reason: 'non-default capabilities', detail } : undefined;
};

const hostNamespaces: Check = ({ spec }) => {
  const used = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field]).map((field) => `${field}=true`);
  return used.length ? { reason: 'host namespaces', detail: used.join(', ') } : undefined;
};

const hostPathVolumes: Check = ({ spec }) => {
  const bad = names((spec.volumes ?? []).filter((v: Obj) => v.hostPath));
  return bad.length ? { reason: 'hostPath volumes', detail: `${plural('volume', bad.length)} ${quote(bad)}` } : undefined;
};

const hostPorts: Check = ({ containers: all }) => {
  const used = (c: Obj): string[] => (c.ports ?? []).filter((p: Obj) => p.hostPort).map((p: Obj) => String(p.hostPort));
  const bad = all.filter((c) => used(c).length);
  if (!bad.length) return undefined;
  const ports = sorted(bad.flatMap(used));
  const verb = plural('uses', bad.length, 'use');
  return {
    reason: 'hostPort',
    detail: `${containers(names(bad))} ${verb} ${plural('hostPort', ports.length)} ${ports.join(', ')}`,
  };
};

const hostProbes: Check = ({ containers: all }) => {
  const hosts = (c: Obj): string[] =>
    [c.livenessProbe, c.readinessProbe, c.startupProbe, c.lifecycle?.postStart, c.lifecycle?.preStop]
      .flatMap((h: Obj | undefined) => [h?.httpGet?.host, h?.tcpSocket?.host])
      .filter(Boolean);
  const bad = sorted(names(all.filter((c) => hosts(c).length)));
  if (!bad.length) return undefined;
  const found = sorted(all.flatMap(hosts));
  const what = plural('probe or lifecycle host', found.length);
  return {
    reason: 'probe or lifecycle host',
    detail: `${containers(bad)} ${plural('uses', bad.length, 'use')} ${what} ${quote(found)}`,
  };
};

const privileged: Check = ({ containers: all }) => {
  const bad = names(all.filter((c) => c.securityContext?.privileged));
  return bad.length
    ? { reason: 'privileged', detail: `${containers(bad)} must not set securityContext.privileged=true` }
    : undefined;
};

const procMountRestricted: Check = ({ containers: all }) => {
  const bad = all.filter((c) => c.securityContext?.procMount !== undefined && c.securityContext.procMount !== 'Default');
  if (!bad.length) return undefined;
  const types = quote(sorted(bad.map((c) => c.securityContext.procMount)));
  return { reason: 'procMount', detail: `${containers(names(bad))} must not set securityContext.procMount to ${types}` };
};

const procMountBaseline: Check = (pod) => (ownUsers(pod) ? undefined : procMountRestricted(pod));

const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

const seLinuxOptions: Check = ({ spec, containers: all }) => {
  const options = (o: Obj): Obj | undefined => o.securityContext?.seLinuxOptions;
  const wrong = (o: Obj) => {
    const own = options(o);
    return !!own && (!SELINUX_TYPES.has(own.type ?? '') || !!own.user || !!own.role);
  };
  const bad = all.filter(wrong);
  if (!wrong(spec) && !bad.length) return undefined;
  const set = [...(wrong(spec) ? [spec] : []), ...bad].map((o) => options(o) as Obj);
  const types = sorted(set.map((o) => o.type ?? '').filter((type) => !SELINUX_TYPES.has(type)));
  const data: string[] = [];
  if (types.length) data.push(`${plural('type', types.length)} ${quote(types)}`);
  if (set.some((o) => o.user)) data.push('user may not be set');
  if (set.some((o) => o.role)) data.push('role may not be set');
  const who = setters(wrong(spec), names(bad));
  return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` };
};

const seccompType = (o: Obj): string | undefined =>
  o.securityContext?.seccompProfile ? (o.securityContext.seccompProfile.type ?? '') : undefined;
const badSeccomp = (o: Obj): boolean => {
  const type = seccompType(o);
  return type !== undefined && type !== 'Localhost' && type !== 'RuntimeDefault';
};

const seccompBaseline: Check = ({ spec, containers: all }) => {
  const bad = all.filter(badSeccomp);
  if (!badSeccomp(spec) && !bad.length) return undefined;
  const values = quote(sorted([...(badSeccomp(spec) ? [spec] : []), ...bad].map((o) => seccompType(o) as string)));
  const who = setters(badSeccomp(spec), names(bad));
  return { reason: 'seccompProfile', detail: `${who} must not set securityContext.seccompProfile.type to ${values}` };
};

const SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

const sysctls: Check = ({ spec }) => {
  const bad = names(spec.securityContext?.sysctls ?? []).filter((name) => !SYSCTLS.has(name));
  return bad.length ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
};

const windowsHostProcess: Check = ({ spec, containers: all }) => {
  const wrong = (o: Obj) => o.securityContext?.windowsOptions?.hostProcess === true;
  const who = setters(wrong(spec), names(all.filter(wrong)));
  return who
    ? { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
    : undefined;
};

const allowPrivilegeEscalation: Check = (pod) => {
  if (isWindows(pod)) return undefined;
  const bad = names(pod.containers.filter((c) => c.securityContext?.allowPrivilegeEscalation !== false));
  if (!bad.length) return undefined;
  const detail = `${containers(bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
};

const capabilitiesRestricted: Check = (pod) => {
  if (isWindows(pod)) return undefined;
  const missing = names(pod.containers.filter((c) => !c.securityContext?.capabilities?.drop?.includes('ALL')));
  const details: string[] = [];
  if (missing.length) details.push(`${containers(missing)} must set securityContext.capabilities.drop=["ALL"]`);
  const added = badCapabilities(pod.containers, (c) => c === 'NET_BIND_SERVICE');
  if (added) details.push(added);
  return details.length ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
};

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const restrictedVolumes: Check = ({ spec }) => {
  const bad: Obj[] = (spec.volumes ?? []).filter((v: Obj) => !VOLUMES.some((type) => v[type] !== undefined));
  if (!bad.length) return undefined;
  const types = sorted(bad.map((v) => Object.keys(v).find((key) => key !== 'name') ?? 'unknown'));
  const what = plural('restricted volume type', types.length);
  const who = `${plural('volume', bad.length)} ${quote(names(bad))} ${plural('uses', bad.length, 'use')}`;
  return { reason: 'restricted volume types', detail: `${who} ${what} ${quote(types)}` };
};

const runAsNonRoot: Check = (pod) => {
  const value = (o: Obj): boolean | undefined => o.securityContext?.runAsNonRoot;
  if (ownUsers(pod)) return undefined;
  const reason = 'runAsNonRoot != true';
  const who = setters(value(pod.spec) === false, names(pod.containers.filter((c) => value(c) === false)));
  if (who) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (value(pod.spec)) return undefined;
  const silent = names(pod.containers.filter((c) => value(c) === undefined));
  return silent.length
    ? { reason, detail: `pod or ${containers(silent)} must set securityContext.runAsNonRoot=true` }
    : undefined;
};

const runAsUser: Check = (pod) => {
  if (ownUsers(pod)) return undefined;
  const root = (o: Obj) => o.securityContext?.runAsUser === 0;
  const who = setters(root(pod.spec), names(pod.containers.filter(root)));
  return who ? { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` } : undefined;
};

const seccompRestricted: Check = (pod) => {
  if (isWindows(pod)) return undefined;
  const wrong = seccompBaseline(pod);
  if (wrong) return wrong;
  if (seccompType(pod.spec) !== undefined) return undefined;
  const silent = names(pod.containers.filter((c) => seccompType(c) === undefined));
  if (!silent.length) return undefined;
  const detail = `pod or ${containers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

/** Checks by id, baseline first (checkRegistry): restricted replaces four of baseline's. */
const BASELINE: [string, Check][] = [
  ['appArmorProfile', appArmorProfile],
  ['capabilities_baseline', capabilitiesBaseline],
  ['hostNamespaces', hostNamespaces],
  ['hostPathVolumes', hostPathVolumes],
  ['hostPorts', hostPorts],
  ['hostProbesAndHostLifecycle', hostProbes],
  ['privileged', privileged],
  ['procMount', procMountBaseline],
  ['seLinuxOptions', seLinuxOptions],
  ['seccompProfile_baseline', seccompBaseline],
  ['sysctls', sysctls],
  ['windowsHostProcess', windowsHostProcess],
];
const REPLACED = new Set(['capabilities_baseline', 'hostPathVolumes', 'procMount', 'seccompProfile_baseline']);
const RESTRICTED: Check[] = [
  ...BASELINE.filter(([id]) => !REPLACED.has(id)).map(([, check]) => check),
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
];

/** Violations of a level by a pod, in upstream's order. */
export function violations(level: string, metadata: KubeObject['metadata'] | Obj, spec: Obj): Violation[] {
  if (level === 'privileged') return [];
  const checks = level === 'baseline' ? BASELINE.map(([, check]) => check) : RESTRICTED;
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  const pod: Pod = { annotations: metadata?.annotations ?? {}, spec, containers: all };
  return checks.map((check) => check(pod)).filter((v) => v !== undefined);
}

/** Reasons with their details, as a refusal prints them. */
export const describe = (found: Violation[]): string =>
  found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
