import { each } from '../machinery/checks.ts';
import { type FieldError, invalid, required, tooLong } from '../machinery/field-errors.ts';
import { byteLength, isDns1123Label, isDns1123Subdomain } from '../machinery/names.ts';

const SEGMENT_MAX = 253;
const PATH_MAX = 571;

/** A signer's name: domain/path of DNS subdomains (core/validation ValidateSignerName). */
export function checkSignerName(name: string, path: string): FieldError[] {
  if (!name) return [required(path)];
  const segments = name.split('/');
  if (segments.length !== 2) {
    return [invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  const [domain, rest] = segments as [string, string];
  const errors: FieldError[] = each(path, domain, isDns1123Subdomain(domain)).map((e) => ({
    ...e,
    detail: `validating label ${JSON.stringify(domain)}: ${e.detail}`,
  }));
  if (!errors.length && domain.split('.').length < 2) {
    errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  }
  for (const part of rest.split('.')) {
    for (const message of isDns1123Label(part)) {
      errors.push(invalid(path, rest, `validating label ${JSON.stringify(part)}: ${message}`));
    }
  }
  if (byteLength(domain) > SEGMENT_MAX) errors.push(tooLong(path, '', SEGMENT_MAX));
  if (byteLength(name) > PATH_MAX) errors.push(tooLong(path, '', PATH_MAX));
  return errors;
}
