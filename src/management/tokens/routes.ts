import { createRoute, z } from '@hono/zod-openapi';
import { asAccount } from '../auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { body, json, refusals, security } from '../shapes.ts';
import { NewToken, TokenList, TokenWithSecret } from './schema.ts';
import { createToken, deleteToken, listTokens, type TokenRow } from './service.ts';

const view = (row: TokenRow) => ({
  id: row.id,
  name: row.name,
  hint: row.hint,
  createdAt: new Date(row.createdAt).toISOString(),
});

/** /v1/tokens: an account's own API tokens. */
export function tokenRoutes(deps: ManagementDeps) {
  const middleware = [asAccount(deps)];
  const create = createRoute({
    method: 'post',
    path: '/tokens',
    summary: 'Make a token',
    operationId: 'createToken',
    tags: ['tokens'],
    security,
    middleware,
    request: body(NewToken),
    responses: { 201: json(TokenWithSecret, 'The token, shown this once'), ...refusals },
  });
  const list = createRoute({
    method: 'get',
    path: '/tokens',
    summary: 'List tokens',
    operationId: 'listTokens',
    tags: ['tokens'],
    security,
    middleware,
    responses: { 200: json(TokenList, 'The tokens of the account'), ...refusals },
  });
  const remove = createRoute({
    method: 'delete',
    path: '/tokens/{id}',
    summary: 'Delete a token',
    operationId: 'deleteToken',
    tags: ['tokens'],
    security,
    middleware,
    request: { params: z.object({ id: z.string() }) },
    responses: { 204: { description: 'It is gone' }, ...refusals },
  });
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createToken(deps, c.get('accountId'), c.req.valid('json').name);
      return c.json({ ...view(row), token }, 201);
    })
    .openapi(list, async (c) => c.json({ items: (await listTokens(deps, c.get('accountId'))).map(view) }, 200))
    .openapi(remove, async (c) => {
      await deleteToken(deps, c.get('accountId'), c.req.valid('param').id);
      return c.body(null, 204);
    });
}
