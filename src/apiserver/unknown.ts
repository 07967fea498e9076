import { StatusError, unauthorized } from '../api/machinery/status-errors.ts';
import { ANONYMOUS } from '../authn/authenticator.ts';
import { AUDIT_ID_CHARACTERS } from './limits.ts';
import type { Random } from '../lib/random.ts';
import type { Call } from './call.ts';
import type { Answer, ApiRequest } from './messages.ts';
import { CONNECTS } from './handlers/connect.ts';
import { type Accept, negotiate } from './negotiate.ts';
import { requestInfo } from './request-info.ts';
import { respondError } from './respond.ts';

const PLAIN: Accept = { format: 'json', as: 'object', apiVersion: '', pretty: false };

function acceptOf(header: string | null): Accept | undefined {
  try {
    return negotiate(header, () => true);
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/**
 * The 401 for an anonymous client. Shells send it for a cluster, and where there is none, so that the two answers are equal in
 * every byte.
 */
export function refuseUnknown(request: ApiRequest, random: Pick<Random, 'uuid'>): Answer {
  const mark = request.url.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1));
  const info = requestInfo(request.method, mark < 0 ? request.url : request.url.slice(0, mark), query);
  // Only resources negotiate; that a form does not exist is not disclosed to anonymous clients.
  const accept = info.isResource && !CONNECTS.has(info.subresource) ? acceptOf(request.header('accept')) : PLAIN;
  const { now } = request;
  const call: Call = {
    request,
    now,
    query,
    info,
    user: ANONYMOUS,
    authenticated: ANONYMOUS,
    warnings: [],
    accept: accept ?? PLAIN,
  };
  const answer = respondError(unauthorized(), accept && call);
  const chosen = request.header('audit-id');
  const id = chosen && chosen.length <= AUDIT_ID_CHARACTERS ? chosen : random.uuid();
  return { ...answer, headers: { 'audit-id': id, 'cache-control': 'no-cache, private', ...answer.headers } };
}
