import type { KubeObject } from '../../../lib/json.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { parseIP } from '../../machinery/ip.ts';
import { isHeadless, isLoadBalancer } from './fields.ts';
import { checkIP, checkQualifiedName } from '../../machinery/checks.ts';

/** Rules of clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy of a Service. */

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const ONCE = 'may not change once set';

const isV6 = (ip: string) => parseIP(ip)?.family === 6;

/** ValidateServiceClusterIPsRelatedFields: also what the allocator checks before it fills these fields in. */
export function validateClusterIPs(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const { spec } = service;
  if (spec.type === 'ExternalName') return [];
  const ips: string[] = spec.clusterIPs ?? [];
  const families: string[] = spec.ipFamilies ?? [];
  const errors: FieldError[] = [];
  if (spec.clusterIP) {
    if (!ips.length) errors.push(required('spec.clusterIPs'));
    else if (ips[0] !== spec.clusterIP) errors.push(invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`'));
  } else if (ips.length) errors.push(invalid('spec.clusterIPs', ips, 'must be empty when `clusterIP` is not specified'));
  families.forEach((family, i) => {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${i}]`, family, FAMILIES));
    if (families.indexOf(family) < i) errors.push(duplicate(`spec.ipFamilies[${i}]`, family));
  });
  if (spec.ipFamilyPolicy !== undefined && !POLICIES.includes(spec.ipFamilyPolicy)) {
    errors.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, POLICIES));
  }
  const malformed = checkEach(ips, old?.spec.clusterIPs);
  errors.push(...malformed);
  if (ips.length > 2) errors.push(invalid('spec.clusterIPs', ips, 'may only hold up to 2 values'));
  if (malformed.length) return errors;
  if (ips.length > 1 && new Set(ips.map(isV6)).size < 2) {
    errors.push(invalid('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(service)) return errors;
  ips.slice(0, families.length).forEach((ip, i) => {
    const family = families[i];
    if (FAMILIES.includes(family as string) && (family === 'IPv6') !== isV6(ip)) {
      errors.push(invalid(`spec.clusterIPs[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
    }
  });
  return errors;
}

function checkEach(ips: string[], existing: string[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  ips.forEach((ip, i) => {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) errors.push(invalid('spec.clusterIPs', ips, "'None' must be the first and only value"));
    } else errors.push(...checkIP(ip, `spec.clusterIPs[${i}]`, existing));
  });
  return errors;
}

/** The primary address never changes; the secondary one may come and go (validateUpgradeDowngradeClusterIPs). */
export function validateClusterIPChange(service: KubeObject, old: KubeObject): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return [];
  if (isHeadless(old) && isHeadless(service)) return [];
  const before: string[] = old.spec.clusterIPs ?? [];
  const after: string[] = service.spec.clusterIPs ?? [];
  const errors: FieldError[] = [];
  const shown = after.length ? after : null;
  if (before.length === after.length) {
    before.forEach((ip, i) => {
      if (ip !== after[i]) errors.push(invalid(`spec.clusterIPs[${i}]`, shown, ONCE));
    });
    return errors;
  }
  if (before.length > after.length && !after.length) {
    errors.push(invalid('spec.clusterIPs[0]', shown, 'primary clusterIP can not be unset'));
  } else if (before.length && after[0] !== before[0]) errors.push(invalid('spec.clusterIPs[0]', shown, ONCE));
  if (before.length > after.length && after.length === 1 && service.spec.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.push(invalid('spec.ipFamilyPolicy', service.spec.ipFamilyPolicy, detail));
  }
  return errors;
}

/** The same for the families (validateUpgradeDowngradeIPFamilies). */
export function validateFamilyChange(service: KubeObject, old: KubeObject): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return [];
  if (isHeadless(service) || isHeadless(old)) return [];
  const before: string[] = old.spec.ipFamilies ?? [];
  const after: string[] = service.spec.ipFamilies ?? [];
  const errors: FieldError[] = [];
  if (before.length === after.length) {
    before.forEach((family, i) => {
      if (family !== after[i]) errors.push(invalid('spec.ipFamilies[0]', after, ONCE));
    });
    return errors;
  }
  const ips = service.spec.clusterIPs ?? null;
  if (before.length > after.length && !ips?.length) {
    errors.push(invalid('spec.ipFamilies[0]', after.length ? after : null, 'primary ipFamily can not be unset'));
  }
  if (before.length && after.length && after[0] !== before[0]) errors.push(invalid('spec.ipFamilies[0]', ips, ONCE));
  if (before.length > after.length && after.length === 1 && service.spec.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    errors.push(invalid('spec.ipFamilyPolicy', service.spec.ipFamilyPolicy, detail));
  }
  return errors;
}

/** spec.loadBalancerClass belongs to one type and is set once. */
export function validateLoadBalancerClass(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const own = service.spec.loadBalancerClass;
  const errors: FieldError[] = [];
  if (old && isLoadBalancer(old) && isLoadBalancer(service) && old.spec.loadBalancerClass !== own) {
    errors.push(invalid('spec.loadBalancerClass', own, ONCE));
  }
  if (own === undefined) return errors;
  if (isLoadBalancer(service)) errors.push(...checkQualifiedName(own, 'spec.loadBalancerClass'));
  else errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  return errors;
}
