import * as oauth from 'oauth4webapi';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import { EMAIL_LENGTH, ISSUER_TIMEOUT_MS, PERSON_NAME_LENGTH } from '../limits.ts';
import { type Issuer, isPlain } from './issuers.ts';

/** Identity that an issuer asserts. */
export interface Identity {
  subject: string;
  /** Only if verified by the issuer. */
  email?: string;
  name: string;
}

/** Authorization request: the values that must match on both legs. */
export interface AuthorizationRequest {
  state: string;
  nonce: string;
  verifier: string;
  redirectUri: string;
}

const client = ({ clientId }: Issuer): oauth.Client => ({ client_id: clientId });

/** Options of calls to the issuer: through the port, with a timeout, without TLS only where configured. */
const through = (deps: ManagementDeps, issuer: Issuer) => ({
  [oauth.customFetch]: (url: string, options: object) => deps.fetch(url, options as RequestInit),
  [oauth.allowInsecureRequests]: isPlain(issuer),
  signal: () => AbortSignal.timeout(ISSUER_TIMEOUT_MS),
});

const unavailable = (issuer: Issuer, why: string) => new Problem('issuer-unavailable', `${issuer.name}: ${why}`);

/** Discovery document of the issuer, fetched each time. */
async function discover(deps: ManagementDeps, issuer: Issuer): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer.issuer);
  try {
    const response = await oauth.discoveryRequest(url, { algorithm: 'oidc', ...through(deps, issuer) });
    return await oauth.processDiscoveryResponse(url, response);
  } catch {
    throw unavailable(issuer, 'its openid-configuration cannot be read');
  }
}

/** Authorization URL. */
export async function authorizationUrl(
  deps: ManagementDeps,
  issuer: Issuer,
  request: AuthorizationRequest,
  again: boolean,
): Promise<string> {
  const { authorization_endpoint: endpoint } = await discover(deps, issuer);
  if (endpoint === undefined || !URL.canParse(endpoint)) throw unavailable(issuer, 'it has no authorization endpoint');
  const url = new URL(endpoint);
  if (url.protocol !== 'https:' && !isPlain(issuer)) throw unavailable(issuer, 'its authorization endpoint is not https');
  const parameters = {
    client_id: issuer.clientId,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: [...new Set(['openid', ...issuer.scopes])].join(' '),
    state: request.state,
    nonce: request.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier),
    code_challenge_method: 'S256',
    ...(again && { prompt: 'login' }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Error text that may be shown: the issuer's own, or the library's, which names no secret. */
function failed(issuer: Issuer, error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError) {
    const words = error.error_description ? `${error.error}: ${error.error_description}` : error.error;
    return new Problem('sign-in-failed', `${issuer.name} answered ${words}`);
  }
  const known = error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError;
  if (known || error instanceof oauth.WWWAuthenticateChallengeError) {
    return new Problem('sign-in-failed', `what ${issuer.name} answered does not hold: ${error.message}`);
  }
  return unavailable(issuer, 'it does not answer');
}

/**
 * Redeems the code and verifies the ID token: the issuer's signature, our audience, this request's nonce, and its time (OpenID Connect Core
 * 3.1.3.7).
 */
export async function identify(
  deps: ManagementDeps,
  issuer: Issuer,
  request: AuthorizationRequest,
  answer: URLSearchParams,
): Promise<Identity> {
  const server = await discover(deps, issuer);
  const us = client(issuer);
  const options = through(deps, issuer);
  try {
    const parameters = oauth.validateAuthResponse(server, us, answer, request.state);
    const { redirectUri, verifier } = request;
    const authentication = authenticationOf(server, issuer);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      us,
      authentication,
      parameters,
      redirectUri,
      verifier,
      options,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, us, response, {
      expectedNonce: request.nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, response, options);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (!claims) throw new Problem('sign-in-failed', `${issuer.name} gave no ID token`);
    // Many issuers return the requested claims only here, not in the ID token (Core 5.4).
    const missing = claims.email === undefined || claims.name === undefined;
    if (!missing || server.userinfo_endpoint === undefined) return identityOf(issuer, claims);
    const info = await oauth.userInfoRequest(server, us, tokens.access_token, options);
    return identityOf(issuer, { ...(await oauth.processUserInfoResponse(server, us, claims.sub, info)), ...claims });
  } catch (error) {
    throw failed(issuer, error);
  }
}

function authenticationOf(server: oauth.AuthorizationServer, { clientSecret }: Issuer): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None();
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic') ? oauth.ClientSecretBasic(clientSecret) : oauth.ClientSecretPost(clientSecret);
}

const EMAIL = /^[^\s@"<>()\\,;:]+@[^\s@"<>()\\,;:]+$/;
/** A subject is at most 255 ASCII characters (Core 2). */
const SUBJECT = /^[\x21-\x7e]{1,255}$/;

/** Claims as stored: an address only if verified, names without unprintable characters. */
export function identityOf(issuer: Issuer, claims: { sub: string; [name: string]: unknown }): Identity {
  const { sub, email, email_verified: verified } = claims;
  if (!SUBJECT.test(sub)) throw new Problem('sign-in-failed', `${issuer.name} names a subject that is none`);
  const text = (value: unknown) =>
    typeof value === 'string'
      ? value
          .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
          .trim()
          .slice(0, PERSON_NAME_LENGTH)
      : '';
  const isEmail = typeof email === 'string' && email.length <= EMAIL_LENGTH && EMAIL.test(email) && text(email) === email;
  const address = isEmail && verified === true ? email.toLowerCase() : undefined;
  const name = text(claims.name) || text(claims.preferred_username) || address || sub;
  return { subject: sub, name, ...(address !== undefined && { email: address }) };
}
