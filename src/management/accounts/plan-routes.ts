import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { PLAN_NAMES } from '../plans.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, json } from '../http/shapes.ts';
import { setPlan } from './plan.ts';
import { accountView } from './routes.ts';
import { Account } from './schema.ts';

const NewPlan = z
  .strictObject({ plan: z.enum(PLAN_NAMES).openapi({ description: 'What each allows stands in docs/limits.md.' }) })
  .openapi('NewPlan');

/** /v1/accounts/{account}/plan: set by the operator, not by owners. */
export function planRoutes(deps: ManagementDeps) {
  const set = defineRoute(
    deps,
    { requires: 'operator' },
    {
      method: 'patch',
      path: '/accounts/{account}/plan',
      summary: 'Give an account another plan',
      description: 'New clusters have it at once, those that there are within moments.',
      operationId: 'setPlan',
      tags: ['accounts'],
      request: { params: pathParams('account'), ...body(NewPlan) },
      responses: { 200: json(Account, 'The account') },
      refuses: ['not-found'],
    },
  );
  return router().openapi(set, async (c) => {
    const row = await setPlan(deps, c.req.valid('param').account, c.req.valid('json').plan);
    return c.json(accountView(row), 200);
  });
}
