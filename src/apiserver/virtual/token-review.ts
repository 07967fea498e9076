import { badRequest } from '../../api/machinery/status-errors.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import { API_AUDIENCES } from '../../authn/issuer.ts';
import { TokenError, type TokenIdentity } from '../../authn/identity.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import type { Call, Deps } from '../call.ts';
import { reviewed } from './reviewed.ts';

const userInfo = ({ username, uid, groups, extra }: UserInfo): Obj => ({
  username,
  ...(uid && { uid }),
  ...(groups.length && { groups }),
  ...(extra && { extra }),
});

/** The user of a token (pkg/registry/authentication/tokenreview). */
export function tokenReview(object: KubeObject, call: Call, deps: Deps): KubeObject {
  const { token, audiences = [] } = object.spec ?? {};
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const wanted: readonly string[] = audiences.length ? audiences : API_AUDIENCES;
  const status = verdict(() => deps.authenticator.token(token, call.request.now, wanted), audiences);
  return reviewed(object, { spec: object.spec, status });
}

function verdict(ask: () => TokenIdentity | undefined, audiences: readonly string[]): Obj {
  try {
    const found = ask();
    if (!found) return { user: {}, error: 'invalid bearer token' };
    const status: Obj = { authenticated: true, user: userInfo(found.user) };
    if (audiences.length || found.audiences.length) status.audiences = found.audiences;
    return status;
  } catch (error) {
    if (error instanceof TokenError) return { user: {}, error: `[invalid bearer token, ${error.message}]` };
    throw error;
  }
}

/** The user of the request (pkg/registry/authentication/selfsubjectreview). */
export function selfSubjectReview(object: KubeObject, call: Call): KubeObject {
  const metadata = { creationTimestamp: rfc3339(call.now) };
  return reviewed(object, { status: { userInfo: userInfo(call.user) } }, metadata);
}
