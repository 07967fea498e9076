import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { checkEndpointIP, checkIP, checkLabel, checkQualifiedName, each, PROTOCOLS } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../machinery/field-errors.ts';
import { ipWarnings, parseIP } from '../machinery/ip.ts';
import { validateLabels } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isCanonicalIP, isDns1123Label, isDns1123Subdomain, isValidLabelValue } from '../machinery/names.ts';

/** EndpointSlice (registry/discovery/endpointslice/strategy.go, discovery/validation). */

const MAX = { ports: 20_000, endpoints: 1000, addresses: 100, topology: 16, hints: 8 };
const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGERS = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];
const HOSTNAME = 'kubernetes.io/hostname';

function defaults(object: KubeObject): void {
  for (const port of object.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

/** A domain of at least two labels; a final dot is fine (IsFullyQualifiedDomainName). */
function checkDomain(value: string, path: string): FieldError[] {
  if (!value) return [required(path)];
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const messages = isDns1123Subdomain(name);
  if (messages.length) return [invalid(path, name, messages.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [invalid(path, name, 'should be a domain with at least two segments separated by dots')];
  for (const label of labels) {
    const wrong = isDns1123Label(label);
    if (wrong.length) return [invalid(path, label, wrong.join(','))];
  }
  return [];
}

function checkAddress(type: string, value: string, list: string, path: string): FieldError[] {
  if (type === 'FQDN') return checkDomain(value, path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const wrong = type === 'IPv4' ? checkIP(value, path) : each(path, value, isCanonicalIP(value));
  if (wrong.length) return wrong;
  const errors: FieldError[] = [];
  if (parseIP(value)?.family !== (type === 'IPv4' ? 4 : 6)) errors.push(invalid(list, value, `must be an ${type} address`));
  return [...errors, ...checkEndpointIP(value, path)];
}

function checkHints(hints: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, check] of [
    ['forZones', isValidLabelValue],
    ['forNodes', isDns1123Subdomain],
  ] as const) {
    const list: Obj[] = hints[field] ?? [];
    if (list.length > MAX.hints) return [...errors, tooMany(`${path}.${field}`, list.length, MAX.hints)];
    const names = list.map((hint) => hint.name ?? '');
    names.forEach((name, i) => {
      const at = `${path}.${field}[${i}].name`;
      if (names.indexOf(name) < i) errors.push(duplicate(at, name));
      errors.push(...each(at, name, check(name)));
    });
  }
  return errors;
}

function checkEndpoint(endpoint: Obj, type: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const addresses: string[] = endpoint.addresses ?? [];
  const list = `${path}.addresses`;
  if (!addresses.length) errors.push(required(list, 'must contain at least 1 address'));
  else if (addresses.length > MAX.addresses) errors.push(tooMany(list, addresses.length, MAX.addresses));
  addresses.forEach((address, i) => errors.push(...checkAddress(type, address, list, `${list}[${i}]`)));
  if (endpoint.nodeName !== undefined)
    errors.push(...each(`${path}.nodeName`, endpoint.nodeName, isDns1123Subdomain(endpoint.nodeName)));
  const topology = endpoint.deprecatedTopology;
  if (topology) {
    const size = Object.keys(topology).length;
    if (size > MAX.topology) errors.push(tooMany(`${path}.deprecatedTopology`, size, MAX.topology));
    errors.push(...validateLabels(topology, `${path}.deprecatedTopology`));
  }
  if (endpoint.hostname !== undefined) errors.push(...checkLabel(endpoint.hostname, `${path}.hostname`));
  if (endpoint.hints) errors.push(...checkHints(endpoint.hints, `${path}.hints`));
  return errors;
}

function checkPorts(ports: Obj[]): FieldError[] {
  if (ports.length > MAX.ports) return [tooMany('ports', ports.length, MAX.ports)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const name: string = port.name ?? '';
    if (name) errors.push(...checkLabel(name, `ports[${i}].name`));
    if (names.has(name)) errors.push(duplicate(`ports[${i}].name`, name));
    names.add(name);
    if (!PROTOCOLS.includes(port.protocol)) errors.push(notSupported(`ports[${i}].protocol`, port.protocol ?? '', PROTOCOLS));
    if (port.appProtocol !== undefined) errors.push(...checkQualifiedName(port.appProtocol, `ports[${i}].appProtocol`));
  });
  return errors;
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const type: string = object.addressType ?? '';
  const errors: FieldError[] = [];
  if (!type) errors.push(required('addressType'));
  else if (!TYPES.includes(type)) errors.push(notSupported('addressType', type, TYPES));
  errors.push(...checkPorts(object.ports ?? []));
  const endpoints: Obj[] = object.endpoints ?? [];
  const wrong =
    endpoints.length > MAX.endpoints
      ? [tooMany('endpoints', endpoints.length, MAX.endpoints)]
      : endpoints.flatMap((endpoint, i) => checkEndpoint(endpoint, type, `endpoints[${i}]`));
  // An update keeps invalid values that an older server accepted.
  if (wrong.length && !(old && equal(object.endpoints, old.endpoints))) errors.push(...wrong);
  return errors;
}

/** v1 has no topology: a host name in it becomes the node's when the old object had it so (dropTopologyOnV1). */
function dropTopology(object: KubeObject, old?: KubeObject): void {
  if (old && equal(old.endpoints, object.endpoints)) return;
  const known = new Set<string>((old?.endpoints ?? []).map((e: Obj) => e.deprecatedTopology?.[HOSTNAME]).filter(Boolean));
  for (const endpoint of object.endpoints ?? []) {
    const host = endpoint.deprecatedTopology?.[HOSTNAME];
    if (endpoint.nodeName === undefined && known.has(host)) endpoint.nodeName = host;
    delete endpoint.deprecatedTopology;
  }
}

function changed(object: KubeObject, old: KubeObject): boolean {
  const parts = ['addressType', 'endpoints', 'ports'];
  return (
    parts.some((part) => !equal(object[part] ?? [], old[part] ?? [])) ||
    !equal(object.metadata.labels ?? {}, old.metadata.labels ?? {})
  );
}

function warnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const out: string[] = [];
  if (!old && object.addressType === 'FQDN') out.push('spec.addressType: FQDN endpoints are deprecated');
  if (MANAGERS.includes(object.metadata.labels?.[MANAGED_BY] ?? '')) return out;
  (object.endpoints ?? []).forEach((endpoint: Obj, i: number) => {
    (endpoint.addresses ?? []).forEach((a: string, j: number) => out.push(...ipWarnings(`endpoints[${i}].addresses[${j}]`, a)));
  });
  return out;
}

const SHOWN = 3;

function some(list: string[]): string {
  const text = list.slice(0, SHOWN).join(',');
  if (list.length > SHOWN) return `${text} + ${list.length - SHOWN} more...`;
  return text || '<unset>';
}

export const EndpointSlice = defineKind({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
  schema: goSchema('io.k8s.api.discovery.v1.EndpointSlice'),
  skipsMetaOnUpdate: true,
  defaults,
  prepareCreate(object) {
    object.metadata.generation = 1;
    dropTopology(object);
  },
  prepareUpdate(object, old) {
    object.metadata.generation = (old.metadata.generation ?? 0) + (changed(object, old) ? 1 : 0);
    dropTopology(object, old);
  },
  validateCreate: (object) => validate(object),
  validateUpdate(object, old) {
    const errors = [...validateObjectMeta(object.metadata, true, undefined, 'metadata'), ...validate(object, old)];
    if (object.addressType !== old.addressType) errors.push(invalid('addressType', object.addressType ?? '', FIELD_IMMUTABLE));
    return errors;
  },
  warnings,
  columns: columnsOf(
    'discovery.k8s.io/endpointslices',
    nameCell,
    textCell('addressType'),
    (object) => some((object.ports ?? []).map((p: Obj) => (p.port === undefined ? (p.name ?? '*') : String(p.port)))),
    (object) => some((object.endpoints ?? []).flatMap((e: Obj) => e.addresses ?? [])),
    ageCell,
  ),
});
