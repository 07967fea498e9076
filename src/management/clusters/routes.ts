import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../router.ts';
import { at, body, define, iso, json } from '../shapes.ts';
import { kubeconfigFor, serverOf } from './kubeconfig.ts';
import type { ClusterRow } from './rows.ts';
import { ClusterView, ClusterWithKubeconfig, NewCluster, Usage } from './schema.ts';
import { createCluster, deleteCluster, listClusters, usageOf } from './service.ts';

const tags = ['clusters'];
const PATH = '/accounts/{account}/clusters';
const ONE = `${PATH}/{cluster}`;

/** The routes as openapi.yaml tells them. */
function definitions(deps: ManagementDeps) {
  const create = define(
    deps,
    { needs: 'write', confinedToo: true },
    {
      method: 'post',
      path: PATH,
      summary: 'Make a cluster',
      operationId: 'createCluster',
      tags,
      request: { params: at('account'), ...body(NewCluster) },
      responses: { 201: json(ClusterWithKubeconfig, 'The cluster, ready to answer') },
    },
  );
  const list = define(
    deps,
    { needs: 'read', confinedToo: true },
    {
      method: 'get',
      path: PATH,
      summary: 'List clusters',
      operationId: 'listClusters',
      tags,
      request: { params: at('account') },
      responses: { 200: json(z.object({ items: z.array(ClusterView) }).openapi('ClusterList'), 'The clusters of the account') },
    },
  );
  const get = define(
    deps,
    { needs: 'read' },
    {
      method: 'get',
      path: ONE,
      summary: 'Get a cluster',
      operationId: 'getCluster',
      tags,
      request: { params: at('account', 'cluster') },
      responses: { 200: json(ClusterView, 'The cluster') },
    },
  );
  const remove = define(
    deps,
    { needs: 'write' },
    {
      method: 'delete',
      path: ONE,
      summary: 'Delete a cluster and everything in it',
      operationId: 'deleteCluster',
      tags,
      request: { params: at('account', 'cluster') },
      responses: { 204: { description: 'It is gone' } },
    },
  );
  return { create, list, get, remove };
}

/** What goes on inside of one. */
function insides(deps: ManagementDeps) {
  const usage = define(
    deps,
    { needs: 'read' },
    {
      method: 'get',
      path: `${ONE}/usage`,
      summary: 'What the cluster has cost since it woke',
      operationId: 'getUsage',
      tags,
      request: { params: at('account', 'cluster') },
      responses: { 200: json(Usage, 'Its usage') },
    },
  );
  return { usage };
}

/** /v1/accounts/{account}/clusters */
export function clusterRoutes(deps: ManagementDeps) {
  const view = (row: ClusterRow, url: string) => ({
    id: row.id,
    name: row.name,
    state: row.state,
    apiOnly: row.apiOnly,
    legacyApis: row.legacyApis,
    nodes: row.nodes,
    labels: row.labels,
    server: serverOf(deps, row.id, url),
    createdAt: iso(row.createdAt),
  });
  const { create, list, get, remove } = definitions(deps);
  const { usage } = insides(deps);
  return router()
    .openapi(create, async (c) => {
      const { row, token } = await createCluster(deps, c.get('access'), c.get('principal'), c.req.valid('json'));
      return c.json({ ...view(row, c.req.url), kubeconfig: kubeconfigFor(deps, row, c.req.url, token) }, 201);
    })
    .openapi(list, async (c) =>
      c.json({ items: (await listClusters(deps, c.get('access'))).map((row) => view(row, c.req.url)) }, 200),
    )
    .openapi(get, async (c) => c.json(view(c.get('cluster'), c.req.url), 200))
    .openapi(remove, async (c) => {
      await deleteCluster(deps, c.get('cluster'));
      return c.body(null, 204);
    })
    .openapi(usage, async (c) => c.json(await usageOf(deps, c.get('cluster')), 200));
}
