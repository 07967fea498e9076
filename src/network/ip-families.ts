import { type FieldError, invalid } from '../api/machinery/field-errors.ts';
import { parseIP } from '../api/machinery/ip.ts';
import { invalidError } from '../api/machinery/status-errors.ts';
import { validateClusterIPs } from '../api/core/service/addresses.ts';
import { sameClusterIPs, sameIPFamilies } from '../api/core/service/fields.ts';
import type { KubeObject } from '../lib/json.ts';

/** ipFamilies and ipFamilyPolicy of a Service on a cluster with IPv4 only (service/storage/alloc.go, initIPFamilyFields). */

const CONFIGURED = 'IPv4';
const familyOf = (ip: string): string => (parseIP(ip)?.family === 6 ? 'IPv6' : 'IPv4');
const isSelectorless = (s: KubeObject): boolean => s.spec.clusterIP === 'None' && !Object.keys(s.spec.selector ?? {}).length;

/** Whether a PreferDualStack Service kept its addresses; it is left alone then. */
export function isUnchangedPreferDual(service: KubeObject, old: KubeObject | undefined): boolean {
  if (!old || service.spec.ipFamilyPolicy !== 'PreferDualStack' || old.spec.type !== service.spec.type) return false;
  if (service.spec.type === 'ExternalName') return false;
  if (old.spec.ipFamilyPolicy !== undefined && old.spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  return sameClusterIPs(old, service) && sameIPFamilies(old, service);
}

function fail(service: KubeObject, errors: FieldError[]): void {
  if (errors.length) throw invalidError('', 'Service', service.metadata.name ?? '', errors);
}

/** Sets both fields, or throws the refusal of invalid ones. */
export function initIPFamilies(service: KubeObject, old: KubeObject | undefined): void {
  const { spec } = service;
  if (spec.type === 'ExternalName' || isUnchangedPreferDual(service, old)) return;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (isSelectorless(service) ? 'RequireDualStack' : 'SingleStack');
  fail(service, validateClusterIPs(service, old));
  const errors: FieldError[] = [];
  const policy = (detail: string) => errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, detail));
  if (old) reduce(service, old, policy);
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const several = (what: string) =>
      policy(`must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
    if (spec.clusterIPs?.length === 2) several('cluster IPs');
    if (spec.ipFamilies?.length === 2) several('IP families');
  }
  errors.push(...inferFamilies(service));
  fail(service, errors);
  if (isSelectorless(service)) {
    spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : [CONFIGURED];
    if (spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
      spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4'];
    }
    return;
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack') policy('this cluster is not configured for dual-stack services');
  (spec.ipFamilies ?? []).forEach((family: string, i: number) => {
    if (family !== CONFIGURED) errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  });
  fail(service, errors);
  if (!spec.ipFamilies?.length) spec.ipFamilies = [CONFIGURED];
}

/** Checks an update: SingleStack releases the second address; any other policy may not lose one. */
function reduce(service: KubeObject, old: KubeObject, policy: (detail: string) => void): void {
  const { spec } = service;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (sameClusterIPs(old, service) && spec.clusterIPs?.length > 1) spec.clusterIPs = spec.clusterIPs.slice(0, 1);
    if (sameIPFamilies(old, service) && spec.ipFamilies?.length > 1) spec.ipFamilies = spec.ipFamilies.slice(0, 1);
    return;
  }
  const reduced = (field: string) => spec[field]?.length && spec[field].length < (old.spec[field]?.length ?? 0);
  if (reduced('clusterIPs')) policy("must be 'SingleStack' to release the secondary cluster IP");
  if (reduced('ipFamilies')) policy("must be 'SingleStack' to release the secondary IP family");
}

/** Sets the families of addresses that the user named. */
function inferFamilies(service: KubeObject): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const ips: string[] = spec.clusterIPs ?? [];
  for (let i = 0; i < ips.length && ips[i] !== 'None'; i++) {
    const family = familyOf(ips[i] as string);
    if (i < (spec.ipFamilies?.length ?? 0)) continue;
    if (family === CONFIGURED) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else errors.push(invalid(`spec.clusterIPs[${i}]`, ips, `${family} is not configured on this cluster`));
  }
  return errors;
}
