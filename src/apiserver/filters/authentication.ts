import { unauthorized } from '../../api/machinery/status-errors.ts';
import type { Filter } from '../call.ts';

/** Finds the user: 401 for anonymous clients, but for the few open paths (apiserver filters/authentication.go). */
export const authentication: Filter = (call, deps) => {
  const { request, info } = call;
  const user = deps.authenticator.request(request.header('authorization'), info.path, request.now);
  if (!user) throw unauthorized();
  call.user = user;
  call.authenticated = user;
  return undefined;
};
