import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { at, body, define, iso, json } from '../shapes.ts';
import { NewToken, Token, TokenWithSecret } from './schema.ts';
import { createToken, deleteToken, listTokens, type TokenRow } from './service.ts';

const view = (row: TokenRow) => ({
  id: row.id,
  name: row.name,
  scope: row.scope,
  ...(row.clusters && { clusters: row.clusters }),
  ...(row.labels && { labels: row.labels }),
  hint: row.hint,
  createdBy: row.createdBy,
  createdAt: iso(row.createdAt),
  ...(row.expiresAt !== null && { expiresAt: iso(row.expiresAt) }),
  ...(row.lastUsedAt !== null && { lastUsedAt: iso(row.lastUsedAt) }),
});
const tags = ['tokens'];

/** /v1/accounts/{account}/tokens: the account's API tokens. */
export function tokenRoutes(deps: ManagementDeps) {
  const create = define(
    deps,
    { needs: 'admin' },
    {
      method: 'post',
      path: '/accounts/{account}/tokens',
      summary: 'Make a token',
      operationId: 'createToken',
      tags,
      request: { params: at('account'), ...body(NewToken) },
      responses: { 201: json(TokenWithSecret, 'The token, shown this once') },
    },
  );
  const list = define(
    deps,
    { needs: 'admin' },
    {
      method: 'get',
      path: '/accounts/{account}/tokens',
      summary: 'List tokens',
      operationId: 'listTokens',
      tags,
      request: { params: at('account') },
      responses: { 200: json(z.object({ items: z.array(Token) }).openapi('TokenList'), 'The tokens of the account') },
    },
  );
  const remove = define(
    deps,
    { needs: 'admin' },
    {
      method: 'delete',
      path: '/accounts/{account}/tokens/{token}',
      summary: 'Revoke a token',
      operationId: 'deleteToken',
      tags,
      request: { params: at('account', 'token') },
      responses: { 204: { description: 'It is gone' } },
    },
  );
  return router()
    .openapi(create, async (c) => {
      const { row, secret } = await createToken(deps, c.get('access'), c.get('principal'), c.req.valid('json'));
      return c.json({ ...view(row), token: secret }, 201);
    })
    .openapi(list, async (c) => c.json({ items: (await listTokens(deps, c.get('access').accountId)).map(view) }, 200))
    .openapi(remove, async (c) => {
      await deleteToken(deps, c.get('access').accountId, c.req.valid('param').token);
      return c.body(null, 204);
    });
}
