import type { Obj } from '../../lib/json.ts';
import { errorBody, type FieldError } from './field-errors.ts';
import { goQuote } from './go-text.ts';

/** Every failure that a client sees is one of these: a metav1.Status (apimachinery api/errors/errors.go). */
export class StatusError extends Error {
  readonly status: Obj;
  readonly headers: Record<string, string>;
  constructor(status: Obj, headers: Record<string, string> = {}) {
    super(status.message);
    this.status = status;
    this.headers = headers;
  }
  get code(): number {
    return this.status.code;
  }
  get reason(): string {
    return this.status.reason;
  }
}

/** `group` and `resource` are upstream's GroupResource: the plural, lower case; `kind` where upstream puts the Kind in details.kind. */
export interface ResourceName {
  group: string;
  resource: string;
}

const qualified = (r: ResourceName) => (r.group ? `${r.resource}.${r.group}` : r.resource);
const details = (name: string, r: ResourceName, more?: Obj): Obj => ({
  ...(name && { name }),
  ...(r.group && { group: r.group }),
  ...(r.resource && { kind: r.resource }),
  ...more,
});
/** A Status of kind Failure. Exported for the rare error that has no constructor below. */
export function failure(
  code: number,
  reason: string,
  message: string,
  detail?: Obj,
  headers?: Record<string, string>,
): StatusError {
  const status: Obj = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason && { reason }) };
  if (detail) status.details = detail;
  status.code = code;
  return new StatusError(status, headers);
}

export const notFoundError = (r: ResourceName, name: string) =>
  failure(404, 'NotFound', `${qualified(r)} ${goQuote(name)} not found`, details(name, r));
export const alreadyExists = (r: ResourceName, name: string) =>
  failure(409, 'AlreadyExists', `${qualified(r)} ${goQuote(name)} already exists`, details(name, r));
export const conflict = (r: ResourceName, name: string, why: string) =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(r)} ${goQuote(name)}: ${why}`, details(name, r));
export const OPTIMISTIC_LOCK = 'the object has been modified; please apply your changes to the latest version and try again';
export const badRequest = (message: string) => failure(400, 'BadRequest', message);
export const unauthorized = (message = 'Unauthorized') => failure(401, 'Unauthorized', message);
export const forbiddenError = (r: ResourceName, name: string, why: string) =>
  failure(
    403,
    'Forbidden',
    `${qualified(r) ? `${qualified(r)}${name ? ` ${goQuote(name)}` : ''} is forbidden` : `forbidden`}: ${why}`,
    details(name, r),
  );
export const methodNotAllowed = (r: ResourceName, action: string) =>
  failure(405, 'MethodNotAllowed', `${action} is not supported on resources of kind ${goQuote(qualified(r))}`, details('', r));
export const gone = (message: string) => failure(410, 'Expired', message);
export const tooLarge = (message: string) => failure(413, 'RequestEntityTooLarge', message);
export const unsupportedMediaType = (message: string) => failure(415, 'UnsupportedMediaType', message);
export const internalError = (message: string) =>
  failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
export const tooManyRequests = (message: string, seconds: number) =>
  failure(429, 'TooManyRequests', message, { retryAfterSeconds: seconds }, { 'retry-after': String(seconds) });

/** 422: `kind` is the Kind (not the plural), as upstream has it. */
export function invalidError(group: string, kind: string, name: string, errors: FieldError[]): StatusError {
  const causes = errors.map((e) => ({ reason: e.type, message: errorBody(e), field: e.field }));
  const shown = [...new Set(errors.map((e) => `${e.field}: ${errorBody(e)}`))];
  const list = shown.length === 1 ? shown[0] : `[${shown.join(', ')}]`;
  const label = group ? `${kind}.${group}` : kind;
  const message = errors.length ? `${label} ${goQuote(name)} is invalid: ${list}` : `${label} ${goQuote(name)} is invalid`;
  return failure(422, 'Invalid', message, {
    ...(name && { name }),
    ...(group && { group }),
    kind,
    ...(causes.length && { causes }),
  });
}
