/** Containers of every sort (core/validation validateContainers, validateInitContainers, validateEphemeralContainers). */
import type { Obj } from '../../../lib/json.ts';
import { duplicate, forbidden, invalid, notFound, required, tooMany } from '../../machinery/field-errors.ts';
import { isPort, isPortName } from '../../machinery/names.ts';
import { validateEnv, validateEnvFrom } from './container-env.ts';
import { validateDevices, validateMounts } from './container-mounts.ts';
import { validateLifecycle, validateProbes } from './container-probe.ts';
import { validateContainerResources } from './container-resources.ts';
import { dnsLabel, type Errors, invalids, isEmpty, type PodOptions, unsupported } from '../../machinery/spec-checks.ts';
import { validateSecurityContext } from './spec-security.ts';
import { validatePullPolicy, type Volumes } from '../volume/volume.ts';

/** Context shared by the containers of one pod. */
export interface ContainerContext {
  spec: Obj;
  volumes: Volumes;
  claims: Set<string>;
  options: PodOptions;
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RULE_ACTIONS = ['Restart', 'RestartAllContainers'];
const RULE_OPERATORS = ['In', 'NotIn'];
/** Fields an ephemeral container may not have, in Go's order. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
];
const EPHEMERAL = 'cannot be set for an Ephemeral Container';

/** spec.containers. */
export function validateContainers(cx: ContainerContext, path: string, errors: Errors): void {
  const containers: Obj[] = cx.spec.containers ?? [];
  if (!containers.length) {
    errors.push(required(path));
    return;
  }
  const grace = cx.spec.terminationGracePeriodSeconds;
  const names = new Set<string>();
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i];
    const at = `${path}[${i}]`;
    validateCommon(container, cx, at, errors);
    const name = container.name ?? '';
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else names.add(name);
    if (container.lifecycle) validateLifecycle(container.lifecycle, grace, `${at}.lifecycle`, errors);
    validateProbes(container, grace, at, errors);
    restartPolicy(container.restartPolicy, container.restartPolicyRules, at, errors);
  }
  uniqueHostPorts(containers, path, errors);
}

/** spec.initContainers. Host ports are compared within one container only, and named by index 0, as upstream does. */
export function validateInitContainers(cx: ContainerContext, path: string, errors: Errors): void {
  const containers: Obj[] | undefined = cx.spec.initContainers;
  if (!containers) return;
  const names = new Set<string>((cx.spec.containers ?? []).map((c: Obj) => c.name ?? ''));
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i];
    const at = `${path}[${i}]`;
    validateCommon(container, cx, at, errors);
    const { restartPolicy: policy, restartPolicyRules: rules } = container;
    if (policy !== undefined) restartPolicy(policy, rules, at, errors);
    else if (rules?.length)
      errors.push(required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
    const name = container.name ?? '';
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else if (name) names.add(name);
    uniqueHostPorts([container], path, errors);
    if (policy === 'Always') sidecar(container, cx, at, errors);
    else oneShot(container, cx, at, errors);
  }
}

function sidecar(container: Obj, cx: ContainerContext, path: string, errors: Errors): void {
  const grace = cx.spec.terminationGracePeriodSeconds;
  if (container.lifecycle) validateLifecycle(container.lifecycle, grace, `${path}.lifecycle`, errors);
  validateProbes(container, grace, path, errors);
}

function oneShot(container: Obj, cx: ContainerContext, path: string, errors: Errors): void {
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (!container[field]) continue;
    errors.push(forbidden(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
  }
  if (cx.options.allowInitRestartContainer) return;
  const policies: Obj[] = container.resizePolicy ?? [];
  for (let j = 0; j < policies.length; j++) {
    if (policies[j].restartPolicy !== 'RestartContainer') continue;
    const detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
    errors.push(invalid(`${path}.resizePolicy[${j}].restartPolicy`, 'RestartContainer', detail));
  }
}

/** spec.ephemeralContainers. */
export function validateEphemeralContainers(cx: ContainerContext, path: string, errors: Errors): void {
  const containers: Obj[] | undefined = cx.spec.ephemeralContainers;
  if (!containers?.length) return;
  const others = new Set<string>(
    [...(cx.spec.containers ?? []), ...(cx.spec.initContainers ?? [])].map((c: Obj) => c.name ?? ''),
  );
  const names = new Set(others);
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i];
    const at = `${path}[${i}]`;
    validateCommon(container, cx, at, errors);
    validateOnlyForPod(container, at, errors);
    const name = container.name ?? '';
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else names.add(name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFound(`${at}.targetContainerName`, target));
    for (const field of NOT_EPHEMERAL) if (!isEmpty(container[field])) errors.push(forbidden(`${at}.${field}`, EPHEMERAL));
    (container.volumeMounts ?? []).forEach((mount: Obj, j: number) => {
      if (mount.subPath) errors.push(forbidden(`${at}.volumeMounts[${j}].subPath`, EPHEMERAL));
      if (mount.subPathExpr) errors.push(forbidden(`${at}.volumeMounts[${j}].subPathExpr`, EPHEMERAL));
    });
  }
}

/** Checks of containers of pods, not of templates. */
export function validateOnlyForPod(container: Obj, path: string, errors: Errors): void {
  const image: string = container.image ?? '';
  if (image.trim().length !== image.length) {
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'));
  }
}

function validateCommon(container: Obj, cx: ContainerContext, path: string, errors: Errors): void {
  if (!container.name) errors.push(required(`${path}.name`));
  else dnsLabel(errors, container.name, `${path}.name`);
  if (!container.image) errors.push(required(`${path}.image`));
  const message = container.terminationMessagePolicy;
  if (!message) errors.push(required(`${path}.terminationMessagePolicy`));
  else if (message !== 'File' && message !== 'FallbackToLogsOnError') {
    errors.push(unsupported(`${path}.terminationMessagePolicy`, message, ['File', 'FallbackToLogsOnError']));
  }
  if (container.ports) validatePorts(container.ports, `${path}.ports`, errors);
  validateEnv(container.env, `${path}.env`, errors);
  validateEnvFrom(container.envFrom, `${path}.envFrom`, errors);
  validateMounts(container, cx.volumes, `${path}.volumeMounts`, errors);
  validateDevices(container, cx.volumes, `${path}.volumeDevices`, errors);
  validatePullPolicy(container.imagePullPolicy, `${path}.imagePullPolicy`, errors);
  validateContainerResources(container.resources, cx.claims, `${path}.resources`, errors, cx.options);
  if (container.resizePolicy) resizePolicy(container.resizePolicy, cx.spec, `${path}.resizePolicy`, errors);
  if (container.securityContext) {
    validateSecurityContext(container.securityContext, `${path}.securityContext`, cx.spec.hostUsers ?? true, errors);
  }
}

function validatePorts(ports: Obj[], path: string, errors: Errors): void {
  const names = new Set<string>();
  for (let i = 0; i < ports.length; i++) {
    const { name, containerPort, hostPort, protocol } = ports[i];
    if (name) {
      const messages = isPortName(name);
      if (messages.length) invalids(errors, `${path}[${i}].name`, name, messages);
      else if (names.has(name)) errors.push(duplicate(`${path}[${i}].name`, name));
      else names.add(name);
    }
    if (!containerPort) errors.push(required(`${path}[${i}].containerPort`));
    else invalids(errors, `${path}[${i}].containerPort`, containerPort, isPort(containerPort));
    if (hostPort) invalids(errors, `${path}[${i}].hostPort`, hostPort, isPort(hostPort));
    if (!protocol) errors.push(required(`${path}[${i}].protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(unsupported(`${path}[${i}].protocol`, protocol, PROTOCOLS));
  }
}

function uniqueHostPorts(containers: Obj[], path: string, errors: Errors): void {
  let seen: Set<string> | undefined;
  containers.forEach((container, c) => {
    (container.ports ?? []).forEach((port: Obj, p: number) => {
      if (!port.hostPort) return;
      seen ??= new Set();
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (seen.has(key)) errors.push(duplicate(`${path}[${c}].ports[${p}].hostPort`, key));
      else seen.add(key);
    });
  });
}

function resizePolicy(policies: Obj[], spec: Obj, path: string, errors: Errors): void {
  const names = new Set<string>();
  policies.forEach(({ resourceName = '', restartPolicy: restart = '' }, i) => {
    if (names.has(resourceName)) errors.push(duplicate(`${path}[${i}]`, resourceName));
    names.add(resourceName);
    if (!resourceName) errors.push(required(path));
    else if (resourceName !== 'cpu' && resourceName !== 'memory') errors.push(unsupported(path, resourceName, ['cpu', 'memory']));
    if (!restart) errors.push(required(path));
    else if (restart !== 'NotRequired' && restart !== 'RestartContainer') {
      errors.push(unsupported(path, restart, ['NotRequired', 'RestartContainer']));
    }
    if (spec.restartPolicy === 'Never' && restart !== 'NotRequired') {
      errors.push(invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    }
  });
}

function restartPolicy(policy: string | undefined, rules: Obj[] | undefined, path: string, errors: Errors): void {
  if (policy === undefined) {
    if (!rules?.length) return;
    errors.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  } else if (!RESTART_POLICIES.includes(policy)) {
    errors.push(unsupported(`${path}.restartPolicy`, policy, RESTART_POLICIES));
  }
  if (!rules) return;
  if (rules.length > 20) errors.push(tooMany(`${path}.restartPolicyRules`, rules.length, 20));
  rules.forEach(({ action = '', exitCodes }, i) => {
    const at = `${path}.restartPolicyRules[${i}]`;
    if (!RULE_ACTIONS.includes(action)) errors.push(unsupported(`${at}.action`, action, RULE_ACTIONS));
    if (!exitCodes) {
      errors.push(required(`${at}.exitCodes`, 'must be specified'));
      return;
    }
    const operator = exitCodes.operator ?? '';
    if (!RULE_OPERATORS.includes(operator)) errors.push(unsupported(`${at}.exitCodes.operator`, operator, RULE_OPERATORS));
    const size = exitCodes.values?.length ?? 0;
    if (size > 255) errors.push(tooMany(`${at}.exitCodes.values`, size, 255));
  });
}
