/** Checks shared by the validation of pod specs, which push field errors, and the options that depend on an old object. */
import type { Obj } from '../../lib/json.ts';
import { type FieldError, invalid } from './field-errors.ts';
import { checkName, isDns1123Label, isDns1123Subdomain, isQualifiedName } from './names.ts';

export type Errors = FieldError[];

/** Invalid values that are allowed because the stored object has them already (upstream's PodValidationOptions). */
export interface PodOptions {
  /** The spec is a Pod's own, not a template's. */
  isPod?: boolean;
  allowIndivisibleHugePages?: boolean;
  allowInvalidLabelValueInSelector?: boolean;
  allowInvalidLabelValueInNodeAffinity?: boolean;
  allowInvalidSpreadSelector?: boolean;
  legacySpreadKeys?: boolean;
  allowNonLocalTokenPath?: boolean;
  allowHostSysctls?: boolean;
  allowInvalidDeletionCost?: boolean;
  allowAnySELinuxChangePolicy?: boolean;
  allowTolerationComparisons?: boolean;
  allowUserNamespaceDevices?: boolean;
  allowInitRestartContainer?: boolean;
}

/** One Invalid per message. */
export function invalids(errors: Errors, field: string, value: unknown, messages: string[]): void {
  for (let i = 0; i < messages.length; i++) errors.push(invalid(field, value, messages[i]));
}

/** NotSupported with the values in the order given (upstream sorts them only where it lists a set). */
export const unsupported = (field: string, value: unknown, values: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  value,
  detail: values.length ? `supported values: ${values.map((v) => JSON.stringify(v)).join(', ')}` : '',
});

export function nonNegative(errors: Errors, value: number | undefined, field: string): void {
  if (value !== undefined && value < 0) errors.push(invalid(field, value, 'must be greater than or equal to 0'));
}

export function positive(errors: Errors, value: number | undefined, field: string): void {
  if ((value ?? 0) <= 0) errors.push(invalid(field, value ?? 0, 'must be greater than zero'));
}

export function dnsLabel(errors: Errors, value: string, field: string): void {
  invalids(errors, field, value, isDns1123Label(value));
}

export function dnsSubdomain(errors: Errors, value: string, field: string): void {
  invalids(errors, field, value, isDns1123Subdomain(value));
}

export function qualifiedName(errors: Errors, value: string, field: string): void {
  invalids(errors, field, value, isQualifiedName(value));
}

/** A name that may end in a dash, because something is appended to it. */
export function namePrefix(errors: Errors, value: string, field: string): void {
  invalids(errors, field, value, checkName('dns-subdomain', value, true));
}

const hasBacksteps = (path: string): boolean => path.includes('..') && path.split('/').includes('..');

export function noBacksteps(errors: Errors, path: string, field: string): void {
  if (hasBacksteps(path)) errors.push(invalid(field, path, "must not contain '..'"));
}

/** A relative path without ".." elements. */
export function descendingPath(errors: Errors, path: string, field: string): void {
  if (path.startsWith('/')) errors.push(invalid(field, path, 'must be a relative path'));
  noBacksteps(errors, path, field);
}

/** The same, that also does not start with "..". */
export function nonReservedPath(errors: Errors, path: string, field: string): void {
  descendingPath(errors, path, field);
  if (path.startsWith('..') && !path.startsWith('../')) errors.push(invalid(field, path, "must not start with '..'"));
}

const FILE_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';

export function fileMode(errors: Errors, mode: number | undefined, field: string): void {
  if (mode !== undefined && (mode > 0o777 || mode < 0)) errors.push(invalid(field, mode, FILE_MODE));
}

export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** Calls back for every container in upstream's order of visits: init, regular, ephemeral. */
export function visitContainers(spec: Obj, path: string, visit: (container: Obj, path: string) => void): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    const containers: Obj[] | undefined = spec[list];
    if (containers) for (let i = 0; i < containers.length; i++) visit(containers[i], `${path}.${list}[${i}]`);
  }
}

/** A map with its keys in order, as Go prints maps. */
export function sortedMap(map: Obj | undefined): Record<string, string> | null {
  if (!map) return null;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How upstream's JSON of an internal struct looks: Go field names, zero values included. */
export function goStruct(
  object: Obj | undefined,
  fields: readonly (readonly [string, ((value: any) => unknown)?])[],
): Obj | null {
  if (!object) return null;
  const out: Obj = {};
  for (const [name, print] of fields) {
    const go = GO_NAMES[name] ?? name[0].toUpperCase() + name.slice(1);
    out[go] = print ? print(object[name]) : (object[name] ?? null);
  }
  return out;
}

const GO_NAMES: Record<string, string> = {
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  gmsaCredentialSpec: 'GMSACredentialSpec',
  seLinuxOptions: 'SELinuxOptions',
  ip: 'IP',
};

/** A string field that is no pointer. */
export const text = (value: string | undefined): string => value ?? '';
