import { checkQualifiedName } from '../machinery/checks.ts';
import { type FieldError, invalid, required, tooLong } from '../machinery/field-errors.ts';
import { byteLength } from '../machinery/names.ts';

/** Checks that classes of storage share (storage/validation). */

const PARAMETERS_MAX = 512;
const PARAMETERS_MAX_BYTES = 256 * 1024;

/** A provisioner's or driver's name: a qualified name, whatever its case. */
export const checkProvisioner = (name: string | undefined, path: string): FieldError[] =>
  name ? checkQualifiedName(name.toLowerCase(), path) : [required(path)];

/** Parameters for a driver: few, not too long, and with keys. */
export function checkParameters(parameters: Record<string, string> | undefined, allowEmpty: boolean, path: string): FieldError[] {
  const keys = Object.keys(parameters ?? {});
  if (keys.length > PARAMETERS_MAX) return [tooLong(path, '', PARAMETERS_MAX)];
  const errors: FieldError[] = [];
  let size = 0;
  for (const key of keys) {
    if (!key) errors.push(invalid(path, key, 'field can not be empty.'));
    size += byteLength(key) + byteLength(parameters?.[key] as string);
  }
  if (size > PARAMETERS_MAX_BYTES) errors.push(tooLong(path, '', PARAMETERS_MAX_BYTES));
  if (!allowEmpty && !keys.length) errors.push(required(path, 'must contain at least one key/value pair'));
  return errors;
}
