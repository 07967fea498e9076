import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { audited } from '../audit/middleware.ts';
import { gate, type Guard } from './auth.ts';
import type { ManagementDeps } from '../deps.ts';
import type { ProblemCode } from './errors.ts';
import { IDEMPOTENCY_KEY, idempotent } from './idempotency.ts';
import { IDEMPOTENCY_KEY_LENGTH } from '../limits.ts';
import { typed } from './media.ts';
import { codesIn, codesOf, guardWords, isIdempotent, refusal, refusals } from './refusals.ts';
import { Ids } from './shapes.ts';

const PARAMETERS = {
  account: z.string().openapi({ description: 'Id of the account; "self" is that of the API token.', example: 'self' }),
  cluster: z.string().openapi({ description: 'Id or name of the cluster.', example: 'demo' }),
  token: Ids.token.openapi({ description: 'Id of the token.' }),
  person: Ids.person.openapi({ description: 'Id of the person.' }),
  invitation: Ids.invitation.openapi({ description: 'Id of the invitation.' }),
  session: Ids.session.openapi({ description: 'Id of the session.' }),
  credential: Ids.credential.openapi({ description: 'Id of the credential.' }),
  operation: Ids.operation.openapi({ description: 'Id of the operation.' }),
};

/** Path parameters by name; `gate` has checked `account` and `cluster` before a handler runs. */
export function pathParams<const N extends (keyof typeof PARAMETERS)[]>(...names: N) {
  const shape = Object.fromEntries(names.map((name) => [name, PARAMETERS[name]]));
  return z.object(shape as { [K in N[number]]: z.ZodString });
}

const security = [{ bearer: [] }];

const onceHeaders = z.object({
  [IDEMPOTENCY_KEY]: z.string().max(IDEMPOTENCY_KEY_LENGTH).optional().openapi({
    description:
      'Chosen by the client: the same request under the same key is done once, and later ones get the first answer again.',
  }),
});

// Not in the types: handlers do not read it.
const idempotentToo = (route: RouteConfig): object => ({ request: { ...route.request, headers: onceHeaders } });

/**
 * A route with its guard, which the document and the isolation tests read. An authenticated POST is idempotent. `refuses`: codes of the
 * handler itself, beside those of the guard and the schemas.
 */
export function defineRoute<const R extends RouteConfig & { refuses?: readonly ProblemCode[] }>(
  deps: ManagementDeps,
  guard: Guard,
  { refuses = [], ...route }: R,
) {
  const { operationId = '', description, request } = route;
  return createRoute({
    ...(route as unknown as R),
    description: [description, guardWords(guard)].filter(Boolean).join('\n\n'),
    ...(guard.requires !== 'public' && { security }),
    ...(isIdempotent(guard, route) && idempotentToo(route)),
    'x-atoll-guard': guard,
    middleware: [
      audited(deps, operationId),
      gate(deps, guard),
      ...(request?.body ? [typed(request.body)] : []),
      ...(isIdempotent(guard, route) ? [idempotent(deps)] : []),
    ],
    responses: answers(route.responses, refusals(codesOf(guard, route, refuses))) as R['responses'],
  });
}

/** Merges the route's own answers with its refusals, which may share a status. */
function answers(own: RouteConfig['responses'], refused: ReturnType<typeof refusals>): RouteConfig['responses'] {
  const both = Object.keys(own).filter((status) => status in refused);
  const merged = both.map((status) => {
    const answer = own[status] as { description: string; content?: object };
    const content = { ...answer.content, ...refusal(codesIn(refused[Number(status)].$ref)).content };
    return [status, { ...answer, content }];
  });
  return { ...own, ...refused, ...Object.fromEntries(merged) };
}
