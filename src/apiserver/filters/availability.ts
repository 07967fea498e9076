import { failure } from '../../api/machinery/status-errors.ts';
import { ANONYMOUS } from '../../authn/authenticator.ts';
import type { Filter } from '../call.ts';

/** A cluster that rests says so to its own users; to strangers its open paths look as ever (apimachinery NewServiceUnavailable). */
export const availability: Filter = (call, { unavailable }) => {
  if (unavailable !== undefined && call.user !== ANONYMOUS) throw failure(503, 'ServiceUnavailable', unavailable);
  return undefined;
};
