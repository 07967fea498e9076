import type { KubeObject, Obj } from '../../lib/json.ts';
import { checkLabel, checkSubdomain, each } from '../machinery/checks.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '../machinery/field-errors.ts';
import { isCIdentifier } from '../machinery/names.ts';
import { checkDriver, checkList } from './claim-validation.ts';

/** Validation of ResourceSlices (validateResourceSliceSpec), without counters, taints and policies. */

const DEVICES_MAX = 128;
const ADVANCED_DEVICES_MAX = 64;
const IDENTIFIER_MAX = 32;
const POOL_NAME_MAX = 253;
const ATTRIBUTES_MAX = 32;
const TEXT_MAX = 64;
const NUMBER = '(?:0|[1-9]\\d*)';
const PRERELEASE = `(?:${NUMBER}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const BUILD = '[0-9a-zA-Z-]+';
/** semver.org's expression. */
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE}(?:\\.${PRERELEASE})*)?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`,
);

function checkPool({ name = '', resourceSliceCount = 0, generation = 0 }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = name ? [] : [required(`${path}.name`)];
  if (name.length > POOL_NAME_MAX) errors.push(tooLong(`${path}.name`, name, POOL_NAME_MAX));
  if (name) for (const part of name.split('/')) errors.push(...checkSubdomain(part, `${path}.name`));
  if (resourceSliceCount <= 0) {
    errors.push(invalid(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero'));
  }
  if (generation < 0) errors.push(invalid(`${path}.generation`, generation, 'must be greater than or equal to zero'));
  return errors;
}

function checkIdentifier(id: string, path: string): FieldError[] {
  const errors = id.length > IDENTIFIER_MAX ? [tooLong(path, id, IDENTIFIER_MAX)] : [];
  return [...errors, ...each(path, id, isCIdentifier(id))];
}

/** An identifier, with or without a domain. */
function checkQualified(name: string, path: string): FieldError[] {
  const parts = name.split('/');
  if (parts.length === 1) return checkIdentifier(name, path);
  if (parts.length > 2) return [];
  const [domain, id] = parts as [string, string];
  return [
    ...(domain ? checkDriver(domain, path) : [invalid(path, '', 'the domain must not be empty')]),
    ...(id ? checkIdentifier(id, path) : [invalid(path, '', 'the name must not be empty')]),
  ];
}

const ONE_VALUE = 'exactly one value must be specified';
/** Values of an attribute in the order of Go's struct, and what they are called there. */
const GO_NAMES: Record<string, string> = {
  int: 'IntValue',
  bool: 'BoolValue',
  string: 'StringValue',
  version: 'VersionValue',
  ints: 'IntValues',
  bools: 'BoolValues',
  strings: 'StringValues',
  versions: 'VersionValues',
};
const VALUES = Object.keys(GO_NAMES);

function checkAttribute(attribute: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { string, version } = attribute;
  if (string !== undefined && string.length > TEXT_MAX) errors.push(tooLong(`${path}.string`, string, TEXT_MAX));
  if (version !== undefined && !SEMVER.test(version)) {
    errors.push(invalid(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'));
  }
  if (version !== undefined && version.length > TEXT_MAX) errors.push(tooLong(`${path}.version`, version, TEXT_MAX));
  const values = VALUES.filter((field) => attribute[field] !== undefined);
  if (values.length === 0) errors.push(invalid(path, '', ONE_VALUE));
  if (values.length > 1) {
    const shown = VALUES.map((field) => [GO_NAMES[field], attribute[field] ?? null]);
    errors.push(invalid(path, Object.fromEntries(shown), ONE_VALUE));
  }
  return errors;
}

/** Which nodes may use the devices: fields that are set to something, and errors of those that are not. */
function selection(spec: Obj, fields: readonly string[], path: string, empty: string): { set: string[]; errors: FieldError[] } {
  const set: string[] = [];
  const errors: FieldError[] = [];
  for (const field of fields) {
    const value = spec[field];
    if (value === undefined) continue;
    if (value) set.push(`\`${field}\``);
    else if (value === '') errors.push(invalid(`${path}.${field}`, value, empty));
    else errors.push(invalid(`${path}.${field}`, value, 'must be either unset or set to true'));
    if (field === 'nodeName' && value) errors.push(...checkSubdomain(value, `${path}.nodeName`));
  }
  return { set, errors };
}

const PER_DEVICE = ['nodeName', 'nodeSelector', 'allNodes'];

function checkDevice(device: Obj, path: string, perDevice: boolean): FieldError[] {
  const { attributes = {}, capacity = {}, allowMultipleAllocations } = device;
  const errors = checkLabel(device.name ?? '', `${path}.name`);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  const limit = `the total number of attributes and capacities must not exceed ${ATTRIBUTES_MAX}`;
  if (count > ATTRIBUTES_MAX) errors.push(invalid(path, count, limit));
  for (const name of Object.keys(attributes)) {
    errors.push(...checkQualified(name, `${path}.attributes`));
    errors.push(...checkAttribute(attributes[name] ?? {}, `${path}.attributes[${name}]`));
  }
  for (const name of Object.keys(capacity)) {
    errors.push(...checkQualified(name, `${path}.capacity`));
    if (!capacity[name]?.requestPolicy || allowMultipleAllocations) continue;
    errors.push(forbidden(`${path}.capacity[${name}].requestPolicy`, 'allowMultipleAllocations must be true'));
  }
  const lead = '`nodeName`, `nodeSelector`';
  if (!perDevice) {
    if (PER_DEVICE.every((field) => device[field] === undefined)) return errors;
    const only = 'can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [...errors, invalid(path, null, `${lead} and \`allNodes\` ${only}`)];
  }
  const { set, errors: wrong } = selection(device, PER_DEVICE, path, 'must not be empty');
  const when = 'is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  const one = `exactly one of ${lead}, or \`allNodes\` ${when}`;
  if (set.length === 0) wrong.push(required(path, one));
  if (set.length > 1) wrong.push(invalid(path, `{${set.join(', ')}}`, one));
  return [...errors, ...wrong];
}

/** The spec of a slice. */
export function checkSlice({ spec = {} }: KubeObject): FieldError[] {
  const errors = [...checkDriver(spec.driver, 'spec.driver'), ...checkPool(spec.pool ?? {}, 'spec.pool')];
  const fields = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'];
  const { set, errors: wrong } = selection(spec, fields, 'spec', 'must be either unset or set to a non-empty string');
  errors.push(...wrong);
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) errors.push(required('spec', one));
  if (set.length > 1) errors.push(invalid('spec', `{${set.join(', ')}}`, `${one}, but multiple fields are set`));
  if (spec.sharedCounters && spec.devices) {
    errors.push(invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  }
  const devices: Obj[] = spec.devices ?? [];
  const max = devices.some((d) => d.taints?.length || d.consumesCounters?.length) ? ADVANCED_DEVICES_MAX : DEVICES_MAX;
  const perDevice = spec.perDeviceNodeSelection === true;
  const check = (device: Obj, path: string) => checkDevice(device, path, perDevice);
  return [...errors, ...checkList(devices, max, 'spec.devices', check, (device) => device.name ?? '')];
}
