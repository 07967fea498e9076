import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { json, Page, pageOf } from '../http/shapes.ts';
import { Operation } from './schema.ts';
import { getOperation, listOperations } from './service.ts';
import { operationView } from './view.ts';

const tags = ['operations'];

/** /v1/accounts/{account}/operations: progress of long-running work. */
export function operationRoutes(deps: ManagementDeps) {
  const list = defineRoute(
    deps,
    { requires: 'read', allowRestrictedTokens: true },
    {
      method: 'get',
      path: '/accounts/{account}/operations',
      summary: 'List operations, the newest first',
      description: 'Copies of clusters and deletions of accounts. They can be asked about for 30 days.',
      operationId: 'listOperations',
      tags,
      request: { params: pathParams('account'), query: z.object(Page) },
      responses: { 200: json(pageOf(Operation).openapi('OperationList'), 'The operations of the account') },
    },
  );
  const get = defineRoute(
    deps,
    { requires: 'read', allowRestrictedTokens: true, allowOperator: true, allowDeleting: true },
    {
      method: 'get',
      path: '/accounts/{account}/operations/{operation}',
      summary: 'How far an operation is',
      description: 'Ask again until its state is no longer running.',
      operationId: 'getOperation',
      tags,
      request: { params: pathParams('account', 'operation') },
      responses: { 200: json(Operation, 'The operation') },
    },
  );
  return router()
    .openapi(list, async (c) => {
      const { items, next } = await listOperations(deps, c.get('access'), c.req.valid('query'));
      return c.json({ items: items.map(operationView), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(get, async (c) =>
      c.json(operationView(await getOperation(deps, c.get('access'), c.req.valid('param').operation)), 200),
    );
}
