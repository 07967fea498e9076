import type { Ask } from '../lib/ask.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { CertificateAuthority } from '../lib/x509/authority.ts';
import { bootstrapUser } from './bootstrap-tokens.ts';
import { ClientCertificates } from './certificates.ts';
import type { UserInfo } from '../api/machinery/user.ts';
import { API_AUDIENCES, type Signer } from './issuer.ts';
import { ServiceAccountTokens } from './serviceaccounts.ts';
import { type ObjectSource, TokenError, type TokenIdentity } from './identity.ts';
import type { IssuerSource } from './oidc/keys.ts';
import { IssuedTokens } from './oidc/tokens.ts';
import { type CredentialSource, TokenAuthenticator } from './tokens.ts';

export interface AuthenticatorDeps {
  crypto: Crypto;
  credentials: CredentialSource;
  /** The cluster's time at a time of the wall clock, ms: service account tokens go by it, all others by the wall clock. */
  clock: (wall: number) => number;
  signer: Signer;
  objects: ObjectSource;
  /** Issuers that the cluster trusts beside itself; absent: none. */
  issuers?: IssuerSource;
  /** Whose client certificates count; absent: nobody's. */
  authority?: () => CertificateAuthority | undefined;
  ask: Ask;
}

const AUTHENTICATED = 'system:authenticated';
export const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
/**
 * Paths open to anonymous clients, as with an AuthenticationConfiguration that allows anonymous requests to these paths alone.
 */
const OPEN_PATHS = ['/healthz', '/livez', '/readyz', '/version'];

/** By what a request shows who sent it. */
export interface Presented {
  /** The Authorization header. */
  authorization: string | null;
  /** DER in base64; the shell has seen that the client has its key. */
  certificate?: string | undefined;
  path: string;
  now: number;
}

/**
 * Authenticates client certificates, and bearer tokens of people, of service accounts, of bootstrapping and of trusted issuers; the first
 * authenticator that knows the client decides.
 */
export class Authenticator {
  readonly tokens: TokenAuthenticator;
  readonly accounts: ServiceAccountTokens;
  readonly issued: IssuedTokens | undefined;
  readonly #clock: (wall: number) => number;
  readonly certificates: ClientCertificates;
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
    this.tokens = new TokenAuthenticator(deps.credentials, deps.crypto);
    this.#clock = deps.clock;
    this.accounts = new ServiceAccountTokens(deps);
    const { crypto, issuers, ask, authority } = deps;
    this.certificates = new ClientCertificates(authority ?? (() => undefined), crypto);
    if (issuers) this.issued = new IssuedTokens({ crypto, issuers, ask });
  }

  /** The user of a request by its client certificate, else by its token; undefined when neither is good. */
  request({
    authorization,
    certificate,
    path,
    now,
  }: Presented): Pick<TokenIdentity, 'user' | 'expires' | 'warnings'> | undefined {
    const verdict = certificate === undefined ? 'nobody' : this.certificates.authenticate(certificate, this.#clock(now));
    if (typeof verdict === 'object') return { user: withAuthenticated(verdict.user) };
    const token = bearer(authorization);
    // A certificate that is not good is an error where nothing else says who it is, open paths included.
    if (token === undefined) return isOpen(path) && verdict === 'nobody' ? { user: ANONYMOUS } : undefined;
    try {
      return this.token(token, now, API_AUDIENCES);
    } catch (error) {
      if (error instanceof TokenError) return undefined;
      throw error;
    }
  }

  /** The identity behind a token. Throws a TokenError with the reason for an invalid one; undefined for an unknown one. */
  token(token: string, now: number, audiences: readonly string[]): TokenIdentity | undefined {
    if (token.indexOf('.') > 0) {
      const found = this.accounts.authenticate(token, this.#clock(now), audiences);
      if (found) return found;
    }
    const common = API_AUDIENCES.filter((a) => audiences.includes(a));
    const joining = bootstrapUser(token, { ...this.#deps, now: this.#clock(now) });
    if (joining) return common.length ? { user: withAuthenticated(joining), audiences: common } : undefined;
    const issued = this.issued?.authenticate(token, now);
    if (issued) return common.length ? { ...issued, user: withAuthenticated(issued.user), audiences: common } : undefined;
    const user = this.tokens.authenticate(token, now);
    return user && { user: withAuthenticated(user), audiences: common };
  }
}

const withAuthenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };

const isOpen = (path: string) => OPEN_PATHS.some((open) => path === open || (path.startsWith(open) && path[open.length] === '/'));

/** The token of "Bearer x" (apiserver authentication/request/bearertoken); undefined when there is none. */
export function bearer(header: string | null): string | undefined {
  if (!header || header.length < 8 || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  const token = header.slice(7).trim();
  return token === '' ? undefined : token;
}
