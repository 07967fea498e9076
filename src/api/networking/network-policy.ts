import type { KubeObject, Obj } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { cidrWarnings, contains, parseCIDR } from '../machinery/ip.ts';
import { formatLabelSelector, validateLabelSelector } from '../machinery/labels.ts';
import { isCIDR, isPort, isPortName } from '../machinery/names.ts';

/** NetworkPolicy (registry/networking/networkpolicy/strategy.go, networking/validation). */

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

/** Rules of both directions with the name of their peers. */
const DIRECTIONS = [
  ['ingress', 'from'],
  ['egress', 'to'],
] as const;

function defaults(object: KubeObject): void {
  object.spec ??= {};
  const { spec } = object;
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  for (const [direction] of DIRECTIONS) {
    for (const rule of spec[direction] ?? []) for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
  }
}

function checkPort({ protocol, port, endPort }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  if (port === undefined) {
    if (endPort !== undefined)
      errors.push(invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'));
  } else if (typeof port === 'number') {
    errors.push(...each(`${path}.port`, port, isPort(port)));
    if (endPort === undefined) return errors;
    if (endPort < port) errors.push(invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'));
    errors.push(...each(`${path}.endPort`, endPort, isPort(endPort)));
  } else {
    if (endPort !== undefined)
      errors.push(invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    errors.push(...each(`${path}.port`, port, isPortName(port)));
  }
  return errors;
}

function checkBlock(block: Obj, path: string, existing: string[]): FieldError[] {
  if (!block.cidr) return [required(`${path}.cidr`)];
  const check = (cidr: string, at: string) => (existing.includes(cidr) ? [] : each(at, cidr, isCIDR(cidr)));
  const errors = check(block.cidr, `${path}.cidr`);
  const network = parseCIDR(block.cidr);
  if (!network) return errors;
  (block.except ?? []).forEach((except: string, i: number) => {
    const at = `${path}.except[${i}]`;
    errors.push(...check(except, at));
    const inner = parseCIDR(except);
    if (inner && (!contains(network, inner.address) || network.bits >= inner.bits)) {
      errors.push(invalid(at, except, 'must be a strict subset of `cidr`'));
    }
  });
  return errors;
}

function checkPeer(peer: Obj, path: string, lax: boolean, existing: string[]): FieldError[] {
  const errors: FieldError[] = [];
  const options = { allowInvalidLabelValueInSelector: lax };
  let peers = 0;
  for (const selector of ['podSelector', 'namespaceSelector'] as const) {
    if (peer[selector] === undefined) continue;
    peers++;
    errors.push(...validateLabelSelector(peer[selector], options, `${path}.${selector}`));
  }
  if (peer.ipBlock) {
    peers++;
    errors.push(...checkBlock(peer.ipBlock, `${path}.ipBlock`, existing));
  }
  if (!peers) errors.push(required(path, 'must specify a peer'));
  else if (peers > 1 && peer.ipBlock) errors.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

/** Every block of a policy's rules, with where it stands. */
function blocks(object: KubeObject): { path: string; block: Obj }[] {
  const out: { path: string; block: Obj }[] = [];
  for (const [direction, peers] of DIRECTIONS) {
    (object.spec?.[direction] ?? []).forEach((rule: Obj, i: number) => {
      (rule[peers] ?? []).forEach((peer: Obj, j: number) => {
        if (peer.ipBlock) out.push({ path: `spec.${direction}[${i}].${peers}[${j}].ipBlock`, block: peer.ipBlock });
      });
    });
  }
  return out;
}

function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const { spec } = object;
  const existing = old ? blocks(old).flatMap(({ block }) => [block.cidr, ...(block.except ?? [])]) : [];
  const lax = !!old && validateLabelSelector(old.spec?.podSelector, {}, '').length > 0;
  const errors = validateLabelSelector(spec.podSelector, { allowInvalidLabelValueInSelector: lax }, 'spec.podSelector');
  for (const [direction, peers] of DIRECTIONS) {
    (spec[direction] ?? []).forEach((rule: Obj, i: number) => {
      const path = `spec.${direction}[${i}]`;
      (rule.ports ?? []).forEach((port: Obj, j: number) => errors.push(...checkPort(port, `${path}.ports[${j}]`)));
      (rule[peers] ?? []).forEach((p: Obj, j: number) => errors.push(...checkPeer(p, `${path}.${peers}[${j}]`, lax, existing)));
    });
  }
  const types: string[] = spec.policyTypes ?? [];
  if (types.length > 2) return [...errors, invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  types.forEach((type, i) => {
    if (!TYPES.includes(type)) errors.push(notSupported(`spec.policyTypes[${i}]`, type, TYPES));
  });
  return errors;
}

const warnings = (object: KubeObject): string[] =>
  blocks(object).flatMap(({ path, block }) => [
    ...cidrWarnings(`${path}.cidr`, block.cidr ?? ''),
    ...(block.except ?? []).flatMap((cidr: string, i: number) => cidrWarnings(`${path}.except[${i}]`, cidr)),
  ]);

export const NetworkPolicy = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  namespaced: true,
  schema: goSchema('io.k8s.api.networking.v1.NetworkPolicy'),
  shortNames: ['netpol'],
  versions: [droppedVersion('extensions/v1beta1 NetworkPolicy', 'networking.k8s.io/v1 NetworkPolicy', 9, 16)],
  countsGenerations: true,
  defaults,
  validateCreate: (object) => validate(object),
  validateUpdate: validate,
  warnings,
  columns: columnsOf(
    'networking.k8s.io/networkpolicies',
    nameCell,
    (object) => formatLabelSelector(object.spec?.podSelector ?? {}),
    ageCell,
  ),
});
