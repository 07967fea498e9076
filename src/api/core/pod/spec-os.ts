/** Checks that depend on the operating system and on sharing the host's namespaces (core/validation validateOS, validateHostUsers, ...). */
import type { Obj } from '../../../lib/json.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { type Errors, type PodOptions, unsupported, visitContainers } from '../../machinery/spec-checks.ts';
import { forbiddenOnWindows, forbiddenOnWindowsContainer } from './spec-security.ts';

export function validateOS(spec: Obj, path: string, errors: Errors): void {
  const name = spec.os.name ?? '';
  if (!name) errors.push(required(`${path}.os.name`));
  else if (name !== 'linux' && name !== 'windows') errors.push(unsupported(`${path}.os`, name, ['linux', 'windows']));
  else if (name === 'linux') validateLinux(spec, path, errors);
  else {
    forbiddenOnWindows(spec, path, errors);
    visitContainers(spec, path, ({ securityContext }, at) => {
      if (securityContext) forbiddenOnWindowsContainer(securityContext, `${at}.securityContext`, errors);
    });
  }
}

function validateLinux(spec: Obj, path: string, errors: Errors): void {
  const refuse = (at: string) =>
    errors.push(forbidden(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'));
  if (spec.securityContext?.windowsOptions) refuse(path);
  visitContainers(spec, path, ({ securityContext }, at) => {
    if (securityContext?.windowsOptions) refuse(at);
  });
}

/** A pod with one HostProcess container has only such, and the host's network. */
export function validateHostProcess(spec: Obj, path: string, errors: Errors): void {
  const ofPod: boolean | undefined = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let host = 0;
  visitContainers(spec, path, ({ securityContext }, at) => {
    all++;
    const own: boolean | undefined = securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, detail));
    }
    if (own ?? ofPod) host++;
  });
  if (host === 0) return;
  if (host !== all) {
    const detail = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(invalid(path, '', detail));
  }
  if (!spec.hostNetwork) {
    errors.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'));
  }
}

/** hostUsers: false excludes other namespaces of the host. */
export function validateHostUsers(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  if (spec.hostUsers !== false) return;
  const detail = 'when `hostUsers` is false';
  if (spec.hostNetwork) errors.push(forbidden(`${path}.hostNetwork`, detail));
  if (spec.hostPID) errors.push(forbidden(`${path}.HostPID`, detail));
  if (spec.hostIPC) errors.push(forbidden(`${path}.HostIPC`, detail));
  if (options.allowUserNamespaceDevices) return;
  visitContainers(spec, path, (container, at) => {
    if (container.volumeDevices?.length) errors.push(forbidden(`${at}.volumeDevices`, detail));
  });
}

/** Has a stored spec both a user namespace and block devices? */
export function hasUserNamespaceDevices(spec: Obj): boolean {
  let found = false;
  if (spec.hostUsers === false) {
    visitContainers(spec, '', (container) => {
      if (container.volumeDevices?.length) found = true;
    });
  }
  return found;
}

/** Checks that on the host's network a pod's host ports equal its container ports; a template may leave them out. */
export function validateHostPorts(spec: Obj, path: string, errors: Errors, options: PodOptions): void {
  if (!spec.hostNetwork) return;
  (spec.containers ?? []).forEach((container: Obj, c: number) => {
    (container.ports ?? []).forEach(({ hostPort = 0, containerPort = 0 }: Obj, p: number) => {
      if ((!options.isPod && hostPort === 0) || hostPort === containerPort) return;
      const detail = 'must match `containerPort` when `hostNetwork` is true';
      errors.push(invalid(`${path}.containers[${c}].ports[${p}].hostPort`, hostPort, detail));
    });
  });
}
