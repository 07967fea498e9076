import { type FieldError, invalid } from '../machinery/field-errors.ts';
import { isQualifiedName } from '../machinery/names.ts';
import { each } from '../machinery/checks.ts';

/** Names of resources in quotas and limit ranges (pkg/apis/core/helper). */

const QUOTA = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
]);

const isHugePagesQuota = (name: string): boolean => name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');
const isStandard = (name: string): boolean => name === 'storage' || QUOTA.has(name) || isHugePagesQuota(name);

/** A name that a quota may count (IsStandardQuotaResourceName). */
export const isQuotaResource = (name: string): boolean => QUOTA.has(name) || isHugePagesQuota(name);

/** A resource of containers (IsStandardContainerResourceName). */
export const isContainerResource = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');

/** validateResourceName: a qualified name that is standard or has a domain. */
export function checkResourceName(name: string, path: string): FieldError[] {
  const errors = each(path, name, isQualifiedName(name));
  if (errors.length || name.includes('/') || isStandard(name)) return errors;
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

/** validateContainerResourceName */
export function checkContainerResourceName(name: string, path: string): FieldError[] {
  const errors = checkResourceName(name, path);
  if (!name.includes('/')) {
    return isContainerResource(name) ? errors : [...errors, invalid(path, name, 'must be a standard resource for containers')];
  }
  if (!name.includes('kubernetes.io/') && isQualifiedName(`requests.${name}`).length) {
    return [...errors, invalid(path, name, "doesn't follow extended resource name standard")];
  }
  return errors;
}
