import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, expiryOf, iso, json, MS, Page, pageOf } from '../http/shapes.ts';
import { NewToken, Token, TokenRotation, TokenUpdate, TokenWithSecret } from './schema.ts';
import { createToken, deleteToken, getToken, listTokens, rotateToken, type TokenRow, updateToken } from './service.ts';

const view = (row: TokenRow, now: number) => ({
  id: row.id,
  name: row.name,
  scope: row.scope,
  ...(row.clusters && { clusters: row.clusters }),
  ...(row.labels && { labels: row.labels }),
  hint: row.hint,
  ...(row.personId !== null && { personId: row.personId }),
  createdBy: row.createdBy,
  createdAt: iso(row.createdAt),
  ...(row.expiresAt !== null && { expiresAt: iso(row.expiresAt) }),
  ...(row.lastUsedAt !== null && { lastUsedAt: iso(row.lastUsedAt) }),
  ...(row.formerUntil !== null && row.formerUntil > now && { formerUntil: iso(row.formerUntil) }),
});
const tags = ['tokens'];
const PATH = '/accounts/{account}/tokens';
const ONE = `${PATH}/{token}`;

function definitions(deps: ManagementDeps) {
  const create = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'post',
      path: PATH,
      summary: 'Make a token',
      description: 'It may do at most what you may. What a person makes is theirs, and worth nothing once they left the account.',
      operationId: 'createToken',
      refuses: ['limit-reached'],
      tags,
      request: { params: pathParams('account'), ...body(NewToken) },
      responses: { 201: json(TokenWithSecret, 'The token, shown this once') },
    },
  );
  const list = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'get',
      path: PATH,
      summary: 'List tokens',
      description: 'With how they begin and when they were last used; their secrets are not kept.',
      operationId: 'listTokens',
      tags,
      request: { params: pathParams('account'), query: z.object(Page) },
      responses: { 200: json(pageOf(Token).openapi('TokenList'), 'The tokens of the account, the oldest first') },
    },
  );
  const get = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'get',
      path: ONE,
      summary: 'Get a token',
      description: 'With how it begins and when it was last used.',
      operationId: 'getToken',
      tags,
      request: { params: pathParams('account', 'token') },
      responses: { 200: json(Token, 'The token, without its secret') },
    },
  );
  return { create, list, get };
}

function changes(deps: ManagementDeps) {
  const update = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'patch',
      path: ONE,
      summary: 'Give a token another name or end',
      description: 'What it may do stays as it was made.',
      operationId: 'updateToken',
      tags,
      request: { params: pathParams('account', 'token'), ...body(TokenUpdate) },
      responses: { 200: json(Token, 'The token') },
    },
  );
  const rotate = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'post',
      path: `${ONE}/rotate`,
      summary: 'Give a token another secret',
      description: 'Its id, scope and end stay. The old secret is dead at once, or works on for the overlap that you ask for.',
      operationId: 'rotateToken',
      refuses: ['conflict'],
      tags,
      request: { params: pathParams('account', 'token'), ...body(TokenRotation) },
      responses: { 200: json(TokenWithSecret, 'The token with its new secret, shown this once') },
    },
  );
  const remove = defineRoute(
    deps,
    { requires: 'admin' },
    {
      method: 'delete',
      path: ONE,
      summary: 'Revoke a token, and the credentials of clusters that it made',
      description: 'It counts at once, everywhere.',
      operationId: 'deleteToken',
      tags,
      request: { params: pathParams('account', 'token') },
      responses: { 204: { description: 'They let nobody in any more' } },
    },
  );
  return { update, rotate, remove };
}

/** /v1/accounts/{account}/tokens: the account's API tokens. */
export function tokenRoutes(deps: ManagementDeps) {
  const { create, list, get } = definitions(deps);
  const { update, rotate, remove } = changes(deps);
  const viewNow = (row: TokenRow) => view(row, deps.now());
  return router()
    .openapi(create, async (c) => {
      const { expiresAt, expiresIn, ...request } = c.req.valid('json');
      const expires = expiryOf(deps.now(), { expiresAt, expiresIn });
      const { row, secret } = await createToken(deps, c.get('access'), c.get('principal'), { ...request, expires });
      return c.json({ ...viewNow(row), token: secret }, 201);
    })
    .openapi(list, async (c) => {
      const { items, next } = await listTokens(deps, c.get('access').accountId, c.req.valid('query'));
      return c.json({ items: items.map(viewNow), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(get, async (c) => c.json(viewNow(await getToken(deps, c.get('access').accountId, c.req.valid('param').token)), 200))
    .openapi(update, async (c) => {
      const { name, expiresAt } = c.req.valid('json');
      const expires = typeof expiresAt === 'string' ? Date.parse(expiresAt) : expiresAt;
      const id = c.req.valid('param').token;
      return c.json(viewNow(await updateToken(deps, c.get('access'), c.get('principal'), id, { name, expires })), 200);
    })
    .openapi(rotate, async (c) => {
      const { overlapSeconds, revokeCredentials } = c.req.valid('json');
      const request = { overlapMs: overlapSeconds * MS, revokeCredentials };
      const { row, secret } = await rotateToken(deps, c.get('access'), c.get('principal'), c.req.valid('param').token, request);
      return c.json({ ...viewNow(row), token: secret }, 200);
    })
    .openapi(remove, async (c) => {
      await deleteToken(deps, c.get('access'), c.req.valid('param').token);
      return c.body(null, 204);
    });
}
