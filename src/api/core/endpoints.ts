import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, required } from '../machinery/field-errors.ts';
import { ipWarnings } from '../machinery/ip.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import {
  checkEndpointIP,
  checkIP,
  checkLabel,
  checkPort,
  checkProtocol,
  checkQualifiedName,
  checkSubdomain,
} from '../machinery/checks.ts';

/** Endpoints (registry/core/endpoint/strategy.go, ValidateEndpoints). */

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const CONTROLLER = 'endpoint-controller';
const LISTS = ['addresses', 'notReadyAddresses'] as const;

function defaults(object: KubeObject): void {
  for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
}

function checkAddress(address: Obj, path: string): FieldError[] {
  const ip: string = address.ip ?? '';
  const errors = checkIP(ip, `${path}.ip`);
  if (address.hostname) errors.push(...checkLabel(address.hostname, `${path}.hostname`));
  if (address.nodeName !== undefined) errors.push(...checkSubdomain(address.nodeName, `${path}.nodeName`));
  errors.push(...checkEndpointIP(ip, `${path}.ip`));
  return errors;
}

function checkEndpointPort(port: Obj, named: boolean, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...checkLabel(port.name, `${path}.name`));
  else if (named) errors.push(required(`${path}.name`));
  errors.push(...checkPort(port.port ?? 0, `${path}.port`), ...checkProtocol(port.protocol, `${path}.protocol`));
  if (port.appProtocol !== undefined) errors.push(...checkQualifiedName(port.appProtocol, `${path}.appProtocol`));
  return errors;
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const subsets: Obj[] = object.subsets ?? [];
  subsets.forEach((subset, i) => {
    const path = `subsets[${i}]`;
    const ports: Obj[] = subset.ports ?? [];
    if (!subset.addresses?.length && !subset.notReadyAddresses?.length) {
      errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
    }
    for (const list of LISTS) {
      (subset[list] ?? []).forEach((address: Obj, j: number) => errors.push(...checkAddress(address, `${path}.${list}[${j}]`)));
    }
    ports.forEach((port, j) => errors.push(...checkEndpointPort(port, ports.length > 1, `${path}.ports[${j}]`)));
  });
  // An update keeps invalid values that an older server accepted.
  return errors.length && old && equal(object.subsets, old.subsets) ? [] : errors;
}

function warnings(object: KubeObject): string[] {
  if (object.metadata.labels?.[MANAGED_BY] === CONTROLLER) return [];
  const out: string[] = [];
  (object.subsets ?? []).forEach((subset: Obj, i: number) => {
    for (const list of LISTS) {
      (subset[list] ?? []).forEach((a: Obj, j: number) => out.push(...ipWarnings(`subsets[${i}].${list}[${j}].ip`, a.ip ?? '')));
    }
  });
  return out;
}

const SHOWN = 3;

/** The first three addresses with their ports (formatEndpoints). */
function format(object: KubeObject): string {
  if (!object.subsets?.length) return '<none>';
  const all: string[] = [];
  for (const subset of object.subsets) {
    const addresses: string[] = (subset.addresses ?? []).map((a: Obj) => a.ip);
    if (!subset.ports?.length) all.push(...addresses);
    for (const port of subset.ports ?? []) {
      all.push(...addresses.map((ip) => (ip.includes(':') ? `[${ip}]:${port.port}` : `${ip}:${port.port}`)));
    }
  }
  const text = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${text} + ${all.length - SHOWN} more...` : text;
}

export const Endpoints = defineKind({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  resource: 'endpoints',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.Endpoints'),
  shortNames: ['ep'],
  deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  storagePrefix: 'services/endpoints',
  createOnUpdate: true,
  defaults,
  validateCreate: (object) => validate(object),
  validateUpdate: (object, old) => [
    ...validateObjectMeta(object.metadata, true, undefined, 'metadata'),
    ...validate(object, old),
  ],
  warnings,
  columns: columnsOf('endpoints', nameCell, format, ageCell),
});
