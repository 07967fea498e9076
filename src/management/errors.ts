import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Every refusal of the management API, by its code; the codes are stable, the words are not. */
const PROBLEMS = {
  /** The body, a parameter or the address has the wrong shape. */
  'invalid-request': { status: 400, title: 'The request is not valid' },
  /** No bearer token, or one that is not known. */
  unauthenticated: { status: 401, title: 'A valid bearer token is needed' },
  /** The token is known, but not for this. */
  forbidden: { status: 403, title: 'This token may not do that' },
  /** A browser came from another site, or under a name that is not ours. */
  'foreign-origin': { status: 403, title: 'Requests from other sites are refused' },
  /** It is not there, or it is somebody else's. */
  'not-found': { status: 404, title: 'There is no such thing' },
  /** The account has one of that name already. */
  'name-taken': { status: 409, title: 'The name is taken' },
  /** The account has as many as it may. */
  'limit-reached': { status: 429, title: 'The account has reached a limit' },
  /** Our fault. */
  internal: { status: 500, title: 'Something went wrong on our side' },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** A refusal on its way to the client. */
export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }

  /** As RFC 9457 wants it. */
  response(): Response {
    const { status, title } = PROBLEMS[this.code];
    const body = { type: `urn:atoll:problem:${this.code}`, title, status, code: this.code, detail: this.message };
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } });
  }
}
