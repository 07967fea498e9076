import { unauthorized } from '../../api/machinery/status-errors.ts';
import type { Filter } from '../call.ts';

/** Finds the user: 401 for anonymous clients, but for the few open paths (apiserver filters/authentication.go). */
export const authentication: Filter = (call, deps) => {
  const { request, info } = call;
  const found = deps.authenticator.request({
    authorization: request.header('authorization'),
    certificate: request.certificate,
    path: info.path,
    now: request.now,
  });
  if (!found) throw unauthorized();
  call.user = found.user;
  call.authenticated = found.user;
  call.warnings.push(...(found.warnings ?? []));
  if (found.expires !== undefined) call.expires = found.expires;
  return undefined;
};
