import type { RouteConfig } from '@hono/zod-openapi';
import { type Level, LEVELS } from './access.ts';
import type { Guard } from './auth.ts';
import { PROBLEMS, type ProblemCode } from './errors.ts';

export const PROBLEM_JSON = 'application/problem+json';
/** Server URL in the document. */
export const ORIGIN = 'https://localhost:8443';
const COMPONENTS = '#/components/responses/';

/** Headers that refusals carry. */
const HEADERS: Partial<Record<ProblemCode, Record<string, string>>> = {
  unauthenticated: { 'WWW-Authenticate': 'Bearer.' },
  'idempotency-conflict': { 'Retry-After': 'Seconds after which the first request may be done, when it is still at work.' },
  'rate-limited': { 'Retry-After': 'Seconds to wait.' },
};

/** Whether the route accepts an Idempotency-Key. */
export const isIdempotent = (guard: Guard, { method }: Pick<RouteConfig, 'method'>): boolean =>
  guard.requires !== 'public' && method === 'post';

/** Requirement of a route, in words. */
const WHO: Record<Guard['requires'], string> = {
  public: 'For everybody, without a token.',
  'signed-in': 'For every valid token.',
  person: 'For people who signed in.',
  'person-or-operator': 'For people who signed in, and for the operator.',
  operator: 'For the operator of the deployment.',
  read: 'Needs the level `read`.',
  write: 'Needs the level `write`.',
  admin: 'Needs the level `admin`.',
  owner: 'Needs the level `owner`.',
};

/** Description of a guard for the document. */
export const guardWords = ({ requires, allowOperator }: Guard): string =>
  `${WHO[requires]}${allowOperator ? ' The operator may too.' : ''}`;

/** Every code that a route can refuse with: those of its guard and its schemas, then its own. */
export function codesOf(guard: Guard, route: RouteConfig, own: readonly ProblemCode[]): ProblemCode[] {
  const { body, query } = route.request ?? {};
  const codes: [ProblemCode, boolean][] = [
    ['invalid-request', body !== undefined || query !== undefined || isIdempotent(guard, route)],
    ['unauthenticated', guard.requires !== 'public'],
    ['forbidden', guard.requires !== 'public' && guard.requires !== 'signed-in'],
    ['foreign-origin', true],
    ['not-found', LEVELS.includes(guard.requires as Level)],
    ['idempotency-conflict', isIdempotent(guard, route)],
    ['rate-limited', true],
    ['too-large', route.method !== 'get'],
    ['unsupported-media-type', body !== undefined],
    ['internal', true],
  ];
  return [...new Set([...codes.filter(([, does]) => does).map(([code]) => code), ...own])];
}

/** Refusals of a route for its document, one answer per status; the component's name lists the codes. */
export function refusals(codes: readonly ProblemCode[]): Record<number, { $ref: string }> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, { $ref: `${COMPONENTS}${group.sort().join('.')}` }]));
}

/** Codes of an answer in the document. */
export const codesIn = ($ref: string): ProblemCode[] => $ref.slice(COMPONENTS.length).split('.') as ProblemCode[];

/** The component that `refusals` refers to. */
export function refusal(codes: readonly ProblemCode[]) {
  const headers = Object.assign({}, ...codes.map((code) => HEADERS[code])) as Record<string, string>;
  const examples = codes.map((code) => {
    const { status, title, example } = PROBLEMS[code];
    return [code, { value: { type: `${ORIGIN}/v1/problems/${code}`, title, status, code, detail: example } }];
  });
  const schema = {
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      { properties: { status: { const: PROBLEMS[codes[0]].status }, code: { enum: codes } } },
    ],
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].explain}`).join('\n\n'),
    ...(Object.keys(headers).length > 0 && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
      ),
    }),
    content: { [PROBLEM_JSON]: { schema, examples: Object.fromEntries(examples) } },
  };
}
