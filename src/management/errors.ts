import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Every refusal of the management API, by its code; the codes are stable, the words are not. `docs/errors` has a page for each. */
export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    explain: 'The body, a parameter or the address has the wrong shape. The detail names the field and what is wrong with it.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid bearer token is needed',
    explain: 'There is no bearer token, or it is mistyped, unknown, expired or revoked. All of these look the same on purpose.',
  },
  forbidden: {
    status: 403,
    title: 'This token may not do that',
    explain:
      'You belong to the account, but your role or the scope of your token does not reach that far. The detail says what is needed.',
  },
  'foreign-origin': {
    status: 403,
    title: 'Requests from other sites are refused',
    explain: 'A browser sent the request for another site, or under a host name that is not one of this deployment.',
  },
  'sign-in-failed': {
    status: 400,
    title: 'The sign-in did not succeed',
    explain:
      'The browser did not begin it, it took too long, or what the issuer answered does not hold; the detail says which. Begin again.',
  },
  'sign-in-off': {
    status: 404,
    title: 'Nobody signs in here',
    explain: 'The deployment has no OpenID Connect issuer: its operator sets ATOLL_OIDC. API tokens work without.',
  },
  'issuer-unavailable': {
    status: 502,
    title: 'The issuer does not answer',
    explain:
      'The OpenID Connect issuer that you sign in with cannot be reached, or its configuration cannot be read. Try again later.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    explain: 'It never was, it is gone, or it is not yours: the answer is the same.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address does not take this method',
    explain: 'The address exists; the header Allow lists the methods that it takes.',
  },
  'name-taken': {
    status: 409,
    title: 'The name is taken',
    explain: 'The account has one of that name already. Names of deleted clusters are free.',
  },
  conflict: {
    status: 409,
    title: 'Not in this state',
    explain: 'What you ask for does not fit the present state; the detail says which. Look at it again, then decide.',
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The idempotency key was used for something else',
    explain:
      'The same Idempotency-Key came with another method, address or body, or the first request under it is still at work.',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    explain: 'The detail says how many bytes a body may have.',
  },
  'limit-reached': {
    status: 429,
    title: 'The account has reached a limit',
    explain: "The account's plan allows no more; the detail names the limit. Delete something, or ask for another plan.",
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explain: 'Wait for as many seconds as the header Retry-After says.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    explain: 'The error was logged under the request id that the answer carries in X-Request-Id.',
  },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string; explain: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** A refusal on its way to the client. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly headers: Record<string, string>;

  constructor(code: ProblemCode, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }

  /** As RFC 9457 wants it; `type` is the address of the code's page. */
  response(origin: string): Response {
    const { status, title } = PROBLEMS[this.code];
    const body = { type: `${origin}/v1/problems/${this.code}`, title, status, code: this.code, detail: this.message };
    return new Response(JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
    });
  }
}

/** What a client is told of an error: our own refusals as they are, a request that Hono cannot read, and nothing of what went wrong with us. */
export function asProblem(error: Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException && error.status < 500) return new Problem('invalid-request', error.message);
  return new Problem('internal', 'the error was logged');
}
