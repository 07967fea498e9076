/** Environment variables and references into the pod (core/validation ValidateEnv, validateObjectFieldSelector, ...). */
import type { Obj } from '../../../lib/json.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { isConfigMapKey, isQualifiedName, isRelaxedEnvVarName } from '../../machinery/names.ts';
import { formatQuantity, quantity } from '../../machinery/quantity.ts';
import {
  dnsLabel,
  dnsSubdomain,
  type Errors,
  invalids,
  namePrefix,
  noBacksteps,
  unsupported,
} from '../../machinery/spec-checks.ts';

const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Field labels that the conversion accepts; `spec.host` is an old alias. */
const CONVERTIBLE = new Set([
  ...FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SIZES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const ONE_OF = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
const ONLY_ONE = 'may not have more than one field specified at a time';

export function validateEnv(variables: Obj[] | undefined, path: string, errors: Errors): void {
  if (!variables) return;
  for (let i = 0; i < variables.length; i++) {
    const { name, value, valueFrom } = variables[i];
    if (!name) errors.push(required(`${path}[${i}].name`));
    else {
      const messages = isRelaxedEnvVarName(name);
      if (messages.length) invalids(errors, `${path}[${i}].name`, name, messages);
    }
    if (valueFrom) validateValueFrom(valueFrom, value, `${path}[${i}].valueFrom`, errors);
  }
}

function validateValueFrom(from: Obj, value: string | undefined, path: string, errors: Errors): void {
  let count = 0;
  if (from.fieldRef) {
    count++;
    validateFieldRef(from.fieldRef, FIELDS, `${path}.fieldRef`, errors);
  }
  if (from.resourceFieldRef) {
    count++;
    validateResourceFieldRef(from.resourceFieldRef, `${path}.resourceFieldRef`, false, errors);
  }
  if (from.configMapKeyRef) {
    count++;
    keyRef(from.configMapKeyRef, `${path}.configMapKeyRef`, errors);
  }
  if (from.secretKeyRef) {
    count++;
    keyRef(from.secretKeyRef, `${path}.secretKeyRef`, errors);
  }
  if (from.fileKeyRef) {
    count++;
    fileKeyRef(from.fileKeyRef, `${path}.fileKeyRef`, errors);
  }
  if (count === 0) errors.push(invalid(path, '', ONE_OF));
  else if (value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(path, '', ONLY_ONE));
}

function keyRef(ref: Obj, path: string, errors: Errors): void {
  dnsSubdomain(errors, ref.name ?? '', `${path}.name`);
  if (!ref.key) errors.push(required(`${path}.key`));
  else invalids(errors, `${path}.key`, ref.key, isConfigMapKey(ref.key));
}

function fileKeyRef(ref: Obj, path: string, errors: Errors): void {
  if (!ref.key) errors.push(required(`${path}.key`));
  else invalids(errors, `${path}.key`, ref.key, isRelaxedEnvVarName(ref.key));
  if (!ref.volumeName) errors.push(required(`${path}.volumeName`));
  else dnsLabel(errors, ref.volumeName, `${path}.volumeName`);
  if (!ref.path) errors.push(required(`${path}.path`));
  else noBacksteps(errors, ref.path, `${path}.path`);
}

/** "metadata.labels['x']" -> its parts; undefined when there is no subscript (pkg/fieldpath). */
function splitSubscript(path: string): { path: string; subscript: string } | undefined {
  if (!path.endsWith("']")) return undefined;
  const at = path.indexOf("['");
  return at > 0 ? { path: path.slice(0, at), subscript: path.slice(at + 2, -2) } : undefined;
}

function conversionProblem(version: string, label: string): string | undefined {
  if (version !== 'v1') return `unsupported pod version: ${version}`;
  const split = splitSubscript(label);
  if (split) {
    const known = split.path === 'metadata.annotations' || split.path === 'metadata.labels';
    return known ? undefined : `field label does not support subscript: ${label}`;
  }
  return CONVERTIBLE.has(label) || label === 'spec.host' ? undefined : `field label not supported: ${label}`;
}

/** fieldRef of a variable or a downward API file; `allowed` in order. */
export function validateFieldRef(ref: Obj, allowed: string[], path: string, errors: Errors): void {
  if (!ref.apiVersion) {
    errors.push(required(`${path}.apiVersion`));
    return;
  }
  if (!ref.fieldPath) {
    errors.push(required(`${path}.fieldPath`));
    return;
  }
  const problem = conversionProblem(ref.apiVersion, ref.fieldPath);
  if (problem) {
    errors.push(invalid(`${path}.fieldPath`, ref.fieldPath, `error converting fieldPath: ${problem}`));
    return;
  }
  const field = ref.fieldPath === 'spec.host' ? 'spec.nodeName' : ref.fieldPath;
  const split = splitSubscript(field);
  if (split) {
    const key = split.path === 'metadata.annotations' ? split.subscript.toLowerCase() : split.subscript;
    invalids(errors, path, key, isQualifiedName(key));
  } else if (!allowed.includes(field)) {
    errors.push(unsupported(`${path}.fieldPath`, field, allowed));
  }
}

const isHugePageField = (name: string): boolean => name.startsWith('requests.hugepages-') || name.startsWith('limits.hugepages-');

/** resourceFieldRef of a variable or (in a volume) of a downward API file. */
export function validateResourceFieldRef(ref: Obj, path: string, inVolume: boolean, errors: Errors): void {
  const resource: string = ref.resource ?? '';
  if (inVolume && !ref.containerName) errors.push(required(`${path}.containerName`));
  else if (!resource) errors.push(required(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !isHugePageField(resource)) {
    errors.push(unsupported(`${path}.resource`, resource, RESOURCES));
  }
  const divisor = quantity(ref.divisor);
  if (divisor.value === 0n) return;
  const problem = divisorProblem(resource, formatQuantity(divisor));
  if (problem) errors.push(invalid(`${path}.divisor`, resource, problem));
}

function divisorProblem(resource: string, divisor: string): string | undefined {
  const sizes = (what: string) =>
    SIZES.includes(divisor) ? undefined : `only divisor's values ${SIZES.join(', ')} are supported with the ${what} resource`;
  switch (resource) {
    case 'limits.cpu':
    case 'requests.cpu':
      if (divisor === '1m' || divisor === '1') return undefined;
      return "only divisor's values 1m and 1 are supported with the cpu resource";
    case 'limits.memory':
    case 'requests.memory':
      return sizes('memory');
    case 'limits.ephemeral-storage':
    case 'requests.ephemeral-storage':
      return sizes('local ephemeral storage');
    default:
      return isHugePageField(resource) ? sizes('hugepages') : undefined;
  }
}

/** Errors about the number of sources stand at the list, as upstream has them. */
export function validateEnvFrom(sources: Obj[] | undefined, path: string, errors: Errors): void {
  if (!sources) return;
  for (let i = 0; i < sources.length; i++) {
    const at = `${path}[${i}]`;
    const { prefix, configMapRef, secretRef } = sources[i];
    if (prefix) invalids(errors, `${at}.prefix`, prefix, isRelaxedEnvVarName(prefix));
    if (configMapRef) sourceName(configMapRef, `${at}.configMapRef`, errors);
    if (secretRef) sourceName(secretRef, `${at}.secretRef`, errors);
    if (!configMapRef && !secretRef) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef && secretRef) errors.push(invalid(path, '', ONLY_ONE));
  }
}

function sourceName(ref: Obj, path: string, errors: Errors): void {
  if (!ref.name) errors.push(required(`${path}.name`));
  else namePrefix(errors, ref.name, `${path}.name`);
}
