import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Description of a refusal's code; `docs/errors` and /v1/problems/CODE show it. */
interface ProblemKind {
  status: ContentfulStatusCode;
  title: string;
  /** Condition under which it is answered. */
  explain: string;
  /** Remedy. */
  remedy: string;
  /** An example of the detail. */
  example: string;
}

/** Every refusal of the management API, by its code; the codes are stable, the words are not. */
export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    explain: 'The body, a parameter or a header has the wrong shape, or names something that is not there.',
    remedy: 'The detail names the field and what is wrong with it. Correct it: the same request is refused again.',
    example: 'name: lower-case letters, digits and "-", beginning and ending with a letter or digit',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid bearer token is needed',
    explain: 'There is no bearer token, or it is mistyped, unknown, expired or revoked. All of these look the same on purpose.',
    remedy: 'Send `Authorization: Bearer TOKEN` with a token that an administrator of the account made, or sign in again.',
    example: 'the token is not known',
  },
  forbidden: {
    status: 403,
    title: 'This token may not do that',
    explain: 'You belong to the account, but your role or the scope of your token does not reach that far.',
    remedy: 'The detail says what is needed. Use another token, or ask an administrator of the account for a higher role.',
    example: 'that needs "admin", and you have "write"',
  },
  'foreign-origin': {
    status: 403,
    title: 'Requests from other sites are refused',
    explain: 'A browser sent the request for another site, or under a host name that is not one of this deployment.',
    remedy: 'Call the API from a server or the command line, and not from a page of another site: there is no CORS.',
    example: 'origin https://elsewhere.example is not this site',
  },
  'sign-in-failed': {
    status: 400,
    title: 'The sign-in did not succeed',
    explain: 'The browser did not begin it, it took too long, or what the issuer answered does not hold; the detail says which.',
    remedy: 'Begin again, in one browser and without stopping on the way. If it goes on, tell the operator what the detail says.',
    example: 'this browser did not begin this sign-in, or too long ago: begin again',
  },
  'sign-in-off': {
    status: 404,
    title: 'Nobody signs in here',
    explain: 'The deployment has no OpenID Connect issuer.',
    remedy: 'Use API tokens: they work without. The operator of the deployment names issuers with ATOLL_OIDC.',
    example: 'no issuer is configured (ATOLL_OIDC)',
  },
  'issuer-unavailable': {
    status: 502,
    title: 'The issuer does not answer',
    explain: 'The OpenID Connect issuer that you sign in with cannot be reached, or its configuration cannot be read.',
    remedy: 'Try again later. If it goes on, the operator looks at what the issuer answers.',
    example: 'company: no answer within 10 s',
  },
  'port-unavailable': {
    status: 409,
    title: 'The port cannot be used',
    explain: 'Something else on the machine of the server listens there, or the server has not the right to.',
    remedy: 'Choose another port. Those below 1024 need privileges on most systems.',
    example: 'port 6443 is in use',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing',
    explain: 'It never was, it is gone, or it is not yours: the answer is the same.',
    remedy: 'Look at the address, and list what there is. A token that reaches some clusters only does not see the others.',
    example: 'cluster "demo" not found',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address does not take this method',
    explain: 'There is something at the address, and it takes other methods than this one.',
    remedy: 'The header Allow lists the methods that it takes.',
    example: 'PUT is not for /v1/accounts/self/clusters: it takes GET, HEAD, POST',
  },
  'name-taken': {
    status: 409,
    title: 'The name is taken',
    explain: 'The account has one of that name already. Names of deleted clusters are free.',
    remedy: 'Take another name, or use or delete the one that is there.',
    example: 'a cluster named "demo" exists',
  },
  conflict: {
    status: 409,
    title: 'Not in this state',
    explain: 'What you ask for does not fit the present state; the detail says which.',
    remedy: 'Look at it again, then decide. What was changed at the same moment by somebody else often just works when repeated.',
    example: 'cluster "demo" is not deleted',
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The idempotency key was used for something else',
    explain:
      'The same Idempotency-Key came with another method, address or body, or the first request under it is still at work.',
    remedy: 'With the header Retry-After: wait so many seconds, then repeat the request. Else take a new key for a new request.',
    example: '"4f1c" was used with another method, address or body',
  },
  'precondition-failed': {
    status: 412,
    title: 'It was changed meanwhile',
    explain: 'The header If-Match names another version than the present one.',
    remedy: 'Get it again, look at what changed, then decide. Its ETag is its version.',
    example: 'cluster "demo" has the version "3" now',
  },
  'too-large': {
    status: 413,
    title: 'The body is too large',
    explain: 'The body of the request has more bytes than the API takes.',
    remedy: 'Send less; the detail says how many bytes a body may have.',
    example: 'a body has at most 65536 bytes',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is of another type',
    explain: 'The header Content-Type is missing, or names a type that the address does not take.',
    remedy: 'Send the header Content-Type with a type that the detail names; in general that is application/json.',
    example: 'the body is "text/plain": send application/json',
  },
  'limit-reached': {
    status: 429,
    title: 'The account has reached a limit',
    explain: "The account's plan allows no more; the detail names the limit.",
    remedy: 'Delete something, or ask for another plan. Waiting does not help.',
    example: 'an account may have 10000 clusters',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    explain: 'There were more requests than the limit allows in so short a time.',
    remedy: 'Wait for as many seconds as the header Retry-After says, then repeat the request: nothing was done.',
    example: 'too many sign-ins are under way',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    explain: 'An error that we did not foresee. It was logged under the request id that the answer carries in X-Request-Id.',
    remedy: 'Repeat the request, a POST with an Idempotency-Key. If it goes on, tell the operator the request id.',
    example: 'the error was logged',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** A refusal, thrown. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly headers: Record<string, string>;

  constructor(code: ProblemCode, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }

  /** The body of RFC 9457; `type` is the URL of the code's page. */
  response(origin: string): Response {
    const { status, title } = PROBLEMS[this.code];
    const body = { type: `${origin}/v1/problems/${this.code}`, title, status, code: this.code, detail: this.message };
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        'content-type': 'application/problem+json',
        ...(this.code === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
        ...this.headers,
      },
    });
  }
}

/** Answer for an error: a Problem as it is, a request that Hono cannot read as 400, and 500 without details for the rest. */
export function asProblem(error: Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HTTPException && error.status < 500) return new Problem('invalid-request', error.message);
  return new Problem('internal', 'the error was logged');
}

/** The answer about a cluster that is not there, or not for the asker. */
export const clusterNotFound = (name: string): Problem => new Problem('not-found', `cluster "${name}" not found`);
