import { createRoute, z } from '@hono/zod-openapi';
import { asAccount } from '../auth.ts';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { body, json, refusals, security } from '../shapes.ts';
import { kubeconfig } from './kubeconfig.ts';
import { ClusterList, ClusterView, ClusterWithKubeconfig, NewCluster, Usage } from './schema.ts';
import { type ClusterRow, createCluster, credentialOf, deleteCluster, getCluster, listClusters, usageOf } from './service.ts';

const ById = { params: z.object({ id: z.string().openapi({ description: 'Id or name of the cluster.' }) }) };

/** The routes as openapi.yaml tells them; `common` is what all share. */
function definitions<Common extends { tags: string[]; security: typeof security; middleware: ReturnType<typeof asAccount>[] }>(
  common: Common,
) {
  const create = createRoute({
    method: 'post',
    path: '/clusters',
    summary: 'Make a cluster',
    operationId: 'createCluster',
    ...common,
    request: body(NewCluster),
    responses: { 201: json(ClusterWithKubeconfig, 'The cluster, ready to answer'), ...refusals },
  });
  const list = createRoute({
    method: 'get',
    path: '/clusters',
    summary: 'List clusters',
    operationId: 'listClusters',
    ...common,
    responses: { 200: json(ClusterList, 'The clusters of the account'), ...refusals },
  });
  const get = createRoute({
    method: 'get',
    path: '/clusters/{id}',
    summary: 'Get a cluster',
    operationId: 'getCluster',
    ...common,
    request: ById,
    responses: { 200: json(ClusterView, 'The cluster'), ...refusals },
  });
  const remove = createRoute({
    method: 'delete',
    path: '/clusters/{id}',
    summary: 'Delete a cluster and everything in it',
    operationId: 'deleteCluster',
    ...common,
    request: ById,
    responses: { 204: { description: 'It is gone' }, ...refusals },
  });
  const kubeconfigRoute = createRoute({
    method: 'get',
    path: '/clusters/{id}/kubeconfig',
    summary: 'A kubeconfig with a new credential',
    operationId: 'getKubeconfig',
    ...common,
    request: ById,
    responses: { 200: { description: 'A kubeconfig', content: { 'application/yaml': { schema: z.string() } } }, ...refusals },
  });
  const usage = createRoute({
    method: 'get',
    path: '/clusters/{id}/usage',
    summary: 'What the cluster has cost since it woke',
    operationId: 'getUsage',
    ...common,
    request: ById,
    responses: { 200: json(Usage, 'Its usage'), ...refusals },
  });
  return { create, list, get, remove, kubeconfigRoute, usage };
}

/** /v1/clusters: an account's own clusters. */
export function clusterRoutes(deps: ManagementDeps) {
  const server = (id: string, url: string) => `${deps.url ?? new URL(url).origin}/clusters/${id}`;
  const view = (row: ClusterRow, url: string) => ({
    id: row.id,
    name: row.name,
    apiOnly: row.apiOnly,
    legacyApis: row.legacyApis,
    server: server(row.id, url),
    createdAt: new Date(row.createdAt).toISOString(),
  });
  const config = (row: ClusterRow, url: string, token: string) =>
    kubeconfig({ name: row.name, server: server(row.id, url), token, ...(deps.ca !== undefined && { ca: deps.ca }) });
  const { create, list, get, remove, kubeconfigRoute, usage } = definitions({
    tags: ['clusters'],
    security,
    middleware: [asAccount(deps)],
  });
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createCluster(deps, c.get('accountId'), c.req.valid('json'));
      return c.json({ ...view(row, c.req.url), kubeconfig: config(row, c.req.url, token) }, 201);
    })
    .openapi(list, async (c) =>
      c.json({ items: (await listClusters(deps, c.get('accountId'))).map((row) => view(row, c.req.url)) }, 200),
    )
    .openapi(get, async (c) => c.json(view(await getCluster(deps, c.get('accountId'), c.req.valid('param').id), c.req.url), 200))
    .openapi(remove, async (c) => {
      await deleteCluster(deps, c.get('accountId'), c.req.valid('param').id);
      return c.body(null, 204);
    })
    .openapi(kubeconfigRoute, async (c) => {
      const row = await getCluster(deps, c.get('accountId'), c.req.valid('param').id);
      return c.body(config(row, c.req.url, await credentialOf(deps, row)), 200, { 'content-type': 'application/yaml' });
    })
    .openapi(usage, async (c) => {
      const row = await getCluster(deps, c.get('accountId'), c.req.valid('param').id);
      return c.json(await usageOf(deps, row), 200);
    });
}
