import { isInt64 } from '../api/machinery/numerals.ts';
import { type FieldError, forbidden, notSupported } from '../api/machinery/field-errors.ts';
import { goQuote } from '../api/machinery/go-text.ts';
import { relabel } from '../api/machinery/fields.ts';
import { badRequest, failure, invalidError } from '../api/machinery/status-errors.ts';
import { uintError } from '../api/machinery/uint.ts';
import { isTrue } from './request-info.ts';

/** ListOptions as the query has them (metav1.ListOptions), checked as upstream checks them. */
export interface ListParams {
  labelSelector: string;
  fieldSelector: string;
  watch: boolean;
  bookmarks: boolean;
  resourceVersion: string;
  resourceVersionMatch: string;
  timeoutSeconds: number | undefined;
  limit: number | undefined;
  continue: string;
  sendInitialEvents: boolean | undefined;
}

/** Go's strconv.ParseInt in a query parameter; undefined when absent. */
export function intParam(query: URLSearchParams, name: string): number | undefined {
  const value = int64Param(query, name);
  return value === undefined ? undefined : Number(value);
}

/** The same with all its digits: a bigint beyond 2^53. */
export function int64Param(query: URLSearchParams, name: string): number | bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?[0-9]+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const exact = Number.isFinite(value) ? BigInt(text.replace('+', '')) : undefined;
  if (exact === undefined || !isInt64(exact)) throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  return exact;
}

/** `watchPath`: the address itself says watch. `labels`: what the version calls the fields that can be selected by. */
export function listParams(query: URLSearchParams, watchPath: boolean, labels?: Readonly<Record<string, string>>): ListParams {
  const text = (name: string) => query.get(name) ?? '';
  const initial = query.get('sendInitialEvents');
  const fields = text('fieldSelector');
  const params: ListParams = {
    labelSelector: text('labelSelector'),
    fieldSelector: fields && labels ? relabel(fields, labels) : fields,
    watch: watchPath || isTrue(query.get('watch')),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    resourceVersion: text('resourceVersion'),
    resourceVersionMatch: text('resourceVersionMatch'),
    timeoutSeconds: intParam(query, 'timeoutSeconds'),
    limit: intParam(query, 'limit'),
    continue: text('continue'),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
  };
  const errors = params.watch ? watchErrors(params) : listErrors(params);
  if (errors.length) throw invalidError('meta.k8s.io', 'ListOptions', '', errors);
  return params;
}

const MATCH = 'resourceVersionMatch';

/** apimachinery pkg/apis/meta/internalversion/validation. */
function listErrors(p: ListParams): FieldError[] {
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  if (match) {
    if (!p.resourceVersion) errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (p.continue) errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && p.resourceVersion === '0') {
      errors.push(forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (p.sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchErrors(p: ListParams): FieldError[] {
  const errors: FieldError[] = [];
  const match = p.resourceVersionMatch;
  if (p.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    errors.push(forbidden(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match) {
    if (p.sendInitialEvents === undefined) {
      errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    }
    if (match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['NotOlderThan']));
  }
  if (p.continue) errors.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
  return errors;
}

/** The resource version of a get or a watch; "" is 0. Upstream's storage refuses it late, and so with a 500. */
export function parseRevision(text: string): number {
  if (text === '' || text === '0') return 0;
  const wrong = uintError(text);
  if (wrong) throw failure(500, '', `resourceVersion: Invalid value: ${goQuote(text)}: ${wrong}`);
  return Number(text);
}
