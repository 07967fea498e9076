import type { KubeObject } from '../../lib/json.ts';
import { each } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { cidrProblems, formatCIDR, parseCIDR } from '../machinery/ip.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';

/** ServiceCIDR (registry/networking/servicecidr/strategy.go, networking/validation). */

const cidrsOf = (object: KubeObject): string[] => object.spec?.cidrs ?? [];

function checkCIDR(cidr: string, path: string): FieldError[] {
  const problems = cidrProblems(cidr);
  if (problems.length) return each(path, cidr, problems);
  const network = parseCIDR(cidr);
  const canonical = network ? formatCIDR(network) : cidr;
  return canonical === cidr ? [] : [invalid(path, cidr, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

function validate(object: KubeObject): FieldError[] {
  const cidrs = cidrsOf(object);
  if (!cidrs.length) return [required('spec.cidrs', 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid('spec.cidrs', { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, i) => checkCIDR(cidr, `spec.cidrs[${i}]`));
  const families = cidrs.map((cidr) => parseCIDR(cidr)?.address.family);
  if (cidrs.length === 2 && families[0] !== undefined && families[0] === families[1]) {
    const example = 'i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.push(invalid('spec.cidrs', cidrs, `may specify no more than one IP for each IP family, ${example}`));
  }
  return errors;
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const after = cidrsOf(object);
  const before = cidrsOf(old);
  const fixed = (i: number) => (after[i] === before[i] ? [] : [invalid(`spec.cidrs[${i}]`, after[i], FIELD_IMMUTABLE)]);
  if (before.length === after.length) return before.flatMap((_, i) => fixed(i));
  if (before.length === 1 && after.length === 2) return [...fixed(0), ...validate(object)];
  return [invalid('spec.cidrs', after.length ? after : null, FIELD_IMMUTABLE)];
}

export const ServiceCIDR = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  namespaced: false,
  schema: goSchema('io.k8s.api.networking.v1.ServiceCIDR'),
  status: true,
  statusResetsMetadata: true,
  validateCreate: validate,
  validateUpdate,
  columns: columnsOf('networking.k8s.io/servicecidrs', nameCell, (object) => cidrsOf(object).join(','), ageCell),
});
