import type { Obj } from '../../lib/json.ts';
import { checkSubdomain, each } from '../machinery/checks.ts';
import { type FieldError, invalid, required } from '../machinery/field-errors.ts';
import { isDns1123Label, isPathSegmentName, isPort, isPortName } from '../machinery/names.ts';

/** Backends and references of Ingress and IngressClass (networking/validation). */

/** group, kind and name of something in the same namespace, or of anything. */
export function checkReference(ref: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (typeof ref.apiGroup === 'string') errors.push(...checkSubdomain(ref.apiGroup, `${path}.apiGroup`));
  for (const field of ['kind', 'name'] as const) {
    if (!ref[field]) errors.push(required(`${path}.${field}`));
    else errors.push(...each(`${path}.${field}`, ref[field], isPathSegmentName(ref[field])));
  }
  return errors;
}

/** validateIngressBackend: a service with one port, or a resource. */
export function checkBackend(backend: Obj, path: string): FieldError[] {
  const { resource, service } = backend;
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return checkReference(resource, `${path}.resource`);
  if (!service) return [invalid(path, '', 'resource or service backend is required')];
  const errors: FieldError[] = [];
  if (!service.name) errors.push(required(`${path}.service.name`));
  else errors.push(...each(`${path}.service.name`, service.name, isDns1123Label(service.name)));
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalid(path, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...each(`${path}.service.port.name`, name, isPortName(name)));
  else if (number) errors.push(...each(`${path}.service.port.number`, number, isPort(number)));
  else errors.push(required(path, 'port name or number is required'));
  return errors;
}
