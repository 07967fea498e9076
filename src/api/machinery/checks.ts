import type { Obj } from '../../lib/json.ts';
import { type FieldError, invalid, notSupported, required } from './field-errors.ts';
import { formatIP, parseIP } from './ip.ts';
import { isDns1123Label, isDns1123Subdomain, isIP, isPort, isPortName, isQualifiedName } from './names.ts';
import { cmp, isWhole, parseQuantity, ZERO } from './quantity.ts';

/** Checks that many kinds of core share (pkg/apis/core/validation/validation.go). */

export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
export const MAX_SECRET_BYTES = 1024 * 1024;
const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** Turns messages about one value into errors. */
export const each = (path: string, value: unknown, messages: string[]): FieldError[] =>
  messages.map((m) => invalid(path, value, m));

export const checkSubdomain = (value: string, path: string): FieldError[] => each(path, value, isDns1123Subdomain(value));
export const checkLabel = (value: string, path: string): FieldError[] => each(path, value, isDns1123Label(value));
export const checkQualifiedName = (value: string, path: string): FieldError[] => each(path, value, isQualifiedName(value));
export const checkPort = (value: number, path: string): FieldError[] => each(path, value, isPort(value));

/** A protocol that is demanded. */
export function checkProtocol(value: string | undefined, path: string): FieldError[] {
  if (!value) return [required(path)];
  return PROTOCOLS.includes(value) ? [] : [notSupported(path, value, PROTOCOLS)];
}

/** A number or a name (ValidatePortNumOrName). */
export function checkPortNumOrName(value: number | string | undefined, path: string): FieldError[] {
  if (typeof value === 'string') return each(path, value, isPortName(value));
  return each(path, value ?? 0, isPort(value ?? 0));
}

/** An address in a field that was lax once: values that the old object had pass. */
export const checkIP = (value: string, path: string, existing?: string[]): FieldError[] =>
  existing?.includes(value) ? [] : each(path, value, isIP(value));

/** An address that endpoints may have (ValidateEndpointIP): not unspecified, loopback or link-local. */
export function checkEndpointIP(value: string, path: string): FieldError[] {
  const address = parseIP(value);
  if (!address) return [invalid(path, value, 'must be a valid IP address')];
  const text = formatIP(address);
  const errors: FieldError[] = [];
  const add = (detail: string) => errors.push(invalid(path, value, detail));
  const [a, b, c] = address.bytes as [number, number, number];
  const v4 = address.family === 4;
  if (text === '0.0.0.0' || text === '::') add(`may not be unspecified (${value})`);
  if (v4 ? a === 127 : text === '::1') add('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (v4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80)
    add('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (v4 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 0x02) {
    add('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
  return errors;
}

export const checkNonNegative = (value: number | undefined, path: string): FieldError[] =>
  (value ?? 0) < 0 ? [invalid(path, value, NOT_NEGATIVE)] : [];

const INTEGER_RESOURCES = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

/** A resource of somebody's own, such as example.com/gpu (helper IsExtendedResourceName). */
export function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.')) return false;
  return !isQualifiedName(`requests.${name}`).length;
}

export const isIntegerResource = (name: string): boolean => INTEGER_RESOURCES.has(name) || isExtendedResource(name);

/** ValidateResourceQuantityValue: not negative, and whole where only whole makes sense. */
export function checkResourceQuantity(resource: string, text: string | number, path: string): FieldError[] {
  const quantity = parseQuantity(text);
  if (!quantity) return [];
  const errors: FieldError[] = [];
  if (cmp(quantity, ZERO) < 0) errors.push(invalid(path, String(text), NOT_NEGATIVE));
  if (isIntegerResource(resource) && !isWhole(quantity)) errors.push(invalid(path, text, 'must be an integer'));
  return errors;
}

/** The values of a list with each printed once, in order. */
export const sortedUnique = (list: string[]): string[] => [...new Set(list)].sort();

/** A deep copy of the status of the old object goes into the new one, or none does: what most PrepareForUpdate do. */
export function keepStatus(object: Obj, old: Obj): void {
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
}

/** The same for the spec, in PrepareForUpdate of status. */
export function keepSpec(object: Obj, old: Obj): void {
  if (old.spec === undefined) delete object.spec;
  else object.spec = old.spec;
}
