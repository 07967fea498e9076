import { failure } from '../../api/machinery/status-errors.ts';
import { ANONYMOUS } from '../../authn/authenticator.ts';
import type { Filter } from '../call.ts';

/**
 * Refuses the users of a cluster that is not serving; for anonymous clients its open paths answer as usual (apimachinery
 * NewServiceUnavailable).
 */
export const availability: Filter = (call, { unavailable }) => {
  if (unavailable !== undefined && call.user !== ANONYMOUS) throw failure(503, 'ServiceUnavailable', unavailable);
  return undefined;
};
