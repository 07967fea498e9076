import { createRoute } from '@hono/zod-openapi';
import { asAccount, asOperator } from '../auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { body, json, refusals, security } from '../shapes.ts';
import { Account, AccountWithToken, NewAccount } from './schema.ts';
import { type AccountRow, createAccount, getAccount } from './service.ts';

const view = (row: AccountRow) => ({ id: row.id, name: row.name, createdAt: new Date(row.createdAt).toISOString() });

/** /v1/accounts: made by the operator; an account can look at itself. */
export function accountRoutes(deps: ManagementDeps) {
  const create = createRoute({
    method: 'post',
    path: '/accounts',
    summary: 'Make an account (operator only)',
    operationId: 'createAccount',
    tags: ['accounts'],
    security,
    middleware: [asOperator(deps)],
    request: body(NewAccount),
    responses: { 201: json(AccountWithToken, 'The account and its first token'), ...refusals },
  });
  const self = createRoute({
    method: 'get',
    path: '/account',
    summary: 'The account of the token',
    operationId: 'getAccount',
    tags: ['accounts'],
    security,
    middleware: [asAccount(deps)],
    responses: { 200: json(Account, 'The account'), ...refusals },
  });
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createAccount(deps, c.req.valid('json').name);
      return c.json({ ...view(row), token }, 201);
    })
    .openapi(self, async (c) => c.json(view(await getAccount(deps, c.get('accountId'))), 200));
}
