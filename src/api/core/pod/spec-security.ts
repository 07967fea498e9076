/** Security contexts of pods and containers (core/validation ValidateSecurityContext, validatePodSpecSecurityContext). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, type FieldError, forbidden, invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { byteLength, isDns1123Subdomain, isValidGroupId, isValidUserId } from '../../machinery/names.ts';
import {
  descendingPath,
  type Errors,
  goStruct,
  invalids,
  type PodOptions,
  text,
  unsupported,
} from '../../machinery/spec-checks.ts';

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/** A container's own. Privileged containers are allowed, as on every cluster that passes conformance. */
export function validateSecurityContext(sc: Obj, path: string, hostUsers: boolean, errors: Errors): void {
  if (sc.runAsUser !== undefined) invalids(errors, `${path}.runAsUser`, sc.runAsUser, isValidUserId(sc.runAsUser));
  if (sc.runAsGroup !== undefined) invalids(errors, `${path}.runAsGroup`, sc.runAsGroup, isValidGroupId(sc.runAsGroup));
  if (sc.procMount !== undefined) {
    if (sc.procMount !== 'Default' && sc.procMount !== 'Unmasked') {
      errors.push(unsupported(`${path}.procMount`, sc.procMount, ['Default', 'Unmasked']));
    }
    if (hostUsers && sc.procMount === 'Unmasked') {
      errors.push(invalid(`${path}.procMount`, sc.procMount, '`hostUsers` must be false to use `Unmasked`'));
    }
  }
  if (sc.seccompProfile) seccompProfile(sc.seccompProfile, `${path}.seccompProfile`, errors);
  if (sc.allowPrivilegeEscalation === false) escalation(sc, path, errors);
  if (sc.windowsOptions) windowsOptions(sc.windowsOptions, `${path}.windowsOptions`, errors);
  if (sc.appArmorProfile) errors.push(...appArmorProfile(sc.appArmorProfile, `${path}.appArmorProfile`));
}

function escalation(sc: Obj, path: string, errors: Errors): void {
  if (sc.privileged) {
    const detail = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
    errors.push(invalid(path, shown(sc), detail));
  }
  for (const capability of sc.capabilities?.add ?? []) {
    if (capability !== 'CAP_SYS_ADMIN') continue;
    const detail = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
    errors.push(invalid(path, shown(sc), detail));
  }
}

const PROFILE_FIELDS = [['type', text], ['localhostProfile']] as const;

const shown = (sc: Obj): Obj | null =>
  goStruct(sc, [
    ['capabilities', (v) => goStruct(v, [['add'], ['drop']])],
    ['privileged'],
    [
      'seLinuxOptions',
      (v) =>
        goStruct(v, [
          ['user', text],
          ['role', text],
          ['type', text],
          ['level', text],
        ]),
    ],
    [
      'windowsOptions',
      (v) => goStruct(v, [['gmsaCredentialSpecName'], ['gmsaCredentialSpec'], ['runAsUserName'], ['hostProcess']]),
    ],
    ['runAsUser'],
    ['runAsGroup'],
    ['runAsNonRoot'],
    ['readOnlyRootFilesystem'],
    ['allowPrivilegeEscalation'],
    ['procMount'],
    ['seccompProfile', (v) => goStruct(v, PROFILE_FIELDS)],
    ['appArmorProfile', (v) => goStruct(v, PROFILE_FIELDS)],
  ]);

function seccompProfile(profile: Obj, path: string, errors: Errors): void {
  const { type, localhostProfile } = profile;
  if (!type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!PROFILES.includes(type)) errors.push(unsupported(`${path}.type`, type, PROFILES));
  if (type === 'Localhost') {
    if (localhostProfile === undefined) {
      errors.push(required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost'));
    } else descendingPath(errors, localhostProfile, `${path}.localhostProfile`);
  } else if (localhostProfile !== undefined) {
    const detail = 'can only be set when seccomp type is Localhost';
    errors.push(invalid(`${path}.localhostProfile`, goStruct(profile, PROFILE_FIELDS), detail));
  }
}

/** PATH_MAX - 1 */
const MAX_PROFILE = 4095;

/** Also used to read the old annotation, where a bad value is dropped. */
export function appArmorProfile(profile: Obj, path: string): FieldError[] {
  const errors: Errors = [];
  const { type, localhostProfile } = profile;
  const at = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(at, 'must be set when AppArmor type is Localhost'));
    else {
      if (localhostProfile.trim() !== localhostProfile) {
        errors.push(invalid(at, localhostProfile, 'must not be padded with whitespace'));
      } else if (localhostProfile === '') errors.push(required(at, 'must be set when AppArmor type is Localhost'));
      if (byteLength(localhostProfile) > MAX_PROFILE) errors.push(tooLong(at, '', MAX_PROFILE));
    }
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (localhostProfile !== undefined) {
      errors.push(invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
    }
  } else if (!type) errors.push(required(`${path}.type`, 'type is required when appArmorProfile is set'));
  else errors.push(unsupported(`${path}.type`, type, PROFILES));
  return errors;
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_FORMAT = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL = new RegExp(SYSCTL_FORMAT);
const MAX_SYSCTL = 253;
const IPC_SYSCTLS = new Set([
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.shm',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.msg',
]);

/** Slashes and dots change places when the first separator is a slash (sysctl.NormalizeName). */
function normalSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replace(/[./]/g, (c) => (c === '.' ? '/' : '.'));
}

function hostSysctlProblem(sysctl: string, spec: Obj): string | undefined {
  const name = normalSysctl(sysctl).split('*', 1)[0];
  if (spec.hostNetwork && name.startsWith('net.')) return "may not be specified when 'hostNetwork' is true";
  const ipc = IPC_SYSCTLS.has(name) || name.startsWith('fs.mqueue.');
  return spec.hostIPC && ipc ? "may not be specified when 'hostIPC' is true" : undefined;
}

/** Has a stored spec sysctls of a namespace that it shares with the host? */
export const hasHostSysctls = (spec: Obj): boolean =>
  (spec.securityContext?.sysctls ?? []).some((s: Obj) => hostSysctlProblem(s.name ?? '', spec) !== undefined);

function sysctls(list: Obj[], spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  const names = new Set<string>();
  for (let i = 0; i < list.length; i++) {
    const name: string = list[i].name ?? '';
    const at = `${path}[${i}].name`;
    if (!name) errors.push(required(at));
    else if (name.length > MAX_SYSCTL || !SYSCTL.test(name)) {
      errors.push(invalid(at, name, `must have at most ${MAX_SYSCTL} characters and match regex ${SYSCTL_FORMAT}`));
    } else if (names.has(name)) errors.push(duplicate(at, name));
    const problem = options.allowHostSysctls ? undefined : hostSysctlProblem(name, spec);
    if (problem) errors.push(invalid(at, name, problem));
    names.add(name);
  }
}

/** spec.securityContext; the host's namespaces are fields of the spec itself in v1. */
export function validatePodSecurityContext(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  const sc: Obj = spec.securityContext ?? {};
  if (sc.fsGroup !== undefined) invalids(errors, `${path}.fsGroup`, sc.fsGroup, isValidGroupId(sc.fsGroup));
  if (sc.runAsUser !== undefined) invalids(errors, `${path}.runAsUser`, sc.runAsUser, isValidUserId(sc.runAsUser));
  if (sc.runAsGroup !== undefined) invalids(errors, `${path}.runAsGroup`, sc.runAsGroup, isValidGroupId(sc.runAsGroup));
  (sc.supplementalGroups ?? []).forEach((group: number, i: number) => {
    invalids(errors, `${path}.supplementalGroups[${i}]`, group, isValidGroupId(group));
  });
  if (spec.shareProcessNamespace && spec.hostPID) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalid(`${path}.shareProcessNamespace`, true, detail));
  }
  if (sc.sysctls?.length) sysctls(sc.sysctls, spec, `${path}.sysctls`, errors, options);
  choice(sc.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${path}.fsGroupChangePolicy`, errors);
  if (sc.seccompProfile) seccompProfile(sc.seccompProfile, `${path}.seccompProfile`, errors);
  if (sc.windowsOptions) windowsOptions(sc.windowsOptions, `${path}.windowsOptions`, errors);
  if (sc.appArmorProfile) errors.push(...appArmorProfile(sc.appArmorProfile, `${path}.appArmorProfile`));
  choice(sc.supplementalGroupsPolicy, ['Merge', 'Strict'], `${path}.supplementalGroupsPolicy`, errors);
  const policies = options.allowAnySELinuxChangePolicy ? ['MountOption', 'Recursive'] : ['Recursive'];
  choice(sc.seLinuxChangePolicy, policies, `${path}.seLinuxChangePolicy`, errors);
}

function choice(value: string | undefined, values: string[], path: string, errors: Errors): void {
  if (value !== undefined && !values.includes(value)) errors.push(unsupported(path, value, values));
}

const MAX_CREDENTIAL_SPEC = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_PART = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_DOMAIN = new RegExp(`^${DNS_PART}(?:\\.${DNS_PART})*$`);
const BAD_USER = /["/\\:;|=,+*?<>@[\]]/;

function windowsOptions(options: Obj, path: string, errors: Errors): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) invalids(errors, `${path}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name));
  if (spec === '') errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && byteLength(spec) > MAX_CREDENTIAL_SPEC) {
    errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec size must be under 64 KiB'));
  }
  if (user !== undefined) invalids(errors, `${path}.runAsUserName`, user, userNameProblems(user));
}

const isControl = (c: string): boolean => c < ' ' || c === '\x7f';

function userNameProblems(name: string): string[] {
  if (!name) return ['runAsUserName cannot be an empty string'];
  if ([...name].some(isControl)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts[parts.length - 1];
  const domain = parts.length === 2 ? parts[0] : undefined;
  const problems: string[] = [];
  const say = (wrong: boolean, message: string) => wrong && problems.push(`runAsUserName's ${message}`);
  say((domain ?? '').length >= MAX_DOMAIN, `Domain length must be under ${MAX_DOMAIN} characters`);
  const odd = domain !== undefined && !NETBIOS.test(domain) && !DNS_DOMAIN.test(domain);
  say(odd, "Domain doesn't match the NetBios nor the DNS format");
  say(!user, 'User cannot be empty');
  say(user.length > MAX_USER, `User length must not be longer than ${MAX_USER} characters`);
  say(/^[. ]+$/.test(user), 'User cannot contain only periods or spaces');
  say(BAD_USER.test(user), 'User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return problems;
}

const NOT_ON_WINDOWS_POD: [path: string, field: string][] = [
  ['securityContext', 'appArmorProfile'],
  ['securityContext', 'seLinuxOptions'],
  ['', 'hostUsers'],
  ['', 'hostPID'],
  ['', 'hostIPC'],
  ['securityContext', 'seccompProfile'],
  ['securityContext', 'fsGroup'],
  ['securityContext', 'fsGroupChangePolicy'],
  ['securityContext', 'sysctls'],
  ['', 'shareProcessNamespace'],
  ['securityContext', 'runAsUser'],
  ['securityContext', 'runAsGroup'],
  ['securityContext', 'supplementalGroups'],
  ['securityContext', 'supplementalGroupsPolicy'],
  ['securityContext', 'seLinuxChangePolicy'],
];
const NOT_ON_WINDOWS_CONTAINER = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

/** Reports the fields that a pod for Windows may not have. */
export function forbiddenOnWindows(spec: Obj, path: string, errors: Errors): void {
  for (const [holder, field] of NOT_ON_WINDOWS_POD) {
    const value = holder ? spec[holder]?.[field] : spec[field];
    const isFlag = field === 'hostPID' || field === 'hostIPC';
    if (value === undefined || (isFlag && !value) || (field === 'sysctls' && !value.length)) continue;
    errors.push(forbidden(`${path}.${holder ? `${holder}.` : ''}${field}`, 'cannot be set for a windows pod'));
  }
}

/** The same for one of its containers. */
export function forbiddenOnWindowsContainer(sc: Obj, path: string, errors: Errors): void {
  for (const field of NOT_ON_WINDOWS_CONTAINER) {
    if (sc[field] !== undefined) errors.push(forbidden(`${path}.${field}`, 'cannot be set for a windows pod'));
  }
}
