import type { SQL } from 'drizzle-orm';
import type { Context } from 'hono';
import { auditStatement } from '../audit/middleware.ts';
import type { ManagementDeps } from '../deps.ts';
import { Operation } from '../operations/schema.ts';
import { operationView } from '../operations/view.ts';
import { type ManagementEnv, router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, headers, json, pageOf } from '../http/shapes.ts';
import { cancelFork, type Forked, findTemplate, forkCluster } from './forks.ts';
import { kubeconfigFor } from './kubeconfig.ts';
import { checkMatch, deleteCluster, etagOf, updateCluster } from './lifecycle.ts';
import { listClusters } from './list.ts';
import type { ClusterRow } from './rows.ts';
import { ClusterChange, ClusterQuery, ClusterView, ClusterWithKubeconfig, DeleteQuery, IfMatch, NewCluster } from './schema.ts';
import { createCluster, type CreatedCluster } from './service.ts';
import { viewOf } from './view.ts';

const tags = ['clusters'];
const PATH = '/accounts/{account}/clusters';
const ONE = `${PATH}/{cluster}`;
const NODES = 3;

const version = headers({ ETag: 'Its version, for If-Match.' });

/** Answers of a creation: the cluster, or its operation. */
export const createdAnswers = {
  201: json(ClusterWithKubeconfig, 'The cluster, ready to answer'),
  202: {
    ...json(Operation, 'It is being copied: the operation tells how far it is, and its target is the id of the new cluster'),
    ...headers({ Location: 'Address of the operation.' }),
  },
};

/** Route definitions. */
function definitions(deps: ManagementDeps) {
  const create = defineRoute(
    deps,
    { requires: 'write', allowRestrictedTokens: true },
    {
      method: 'post',
      path: PATH,
      summary: 'Make a cluster',
      description:
        'It answers Kubernetes requests as soon as this is answered. The kubeconfig holds a new credential, whose secret is shown this once.',
      operationId: 'createCluster',
      refuses: ['name-taken', 'conflict', 'limit-reached', 'port-unavailable'],
      tags,
      request: { params: pathParams('account'), ...body(NewCluster) },
      responses: createdAnswers,
    },
  );
  const list = defineRoute(
    deps,
    { requires: 'read', allowRestrictedTokens: true },
    {
      method: 'get',
      path: PATH,
      summary: 'List clusters, by name',
      description: 'A token that reaches some clusters only lists those.',
      operationId: 'listClusters',
      tags,
      request: { params: pathParams('account'), query: ClusterQuery },
      responses: { 200: json(pageOf(ClusterView).openapi('ClusterList'), 'The clusters of the account') },
    },
  );
  const get = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'get',
      path: ONE,
      summary: 'Get a cluster',
      description: 'Its state, options and address.',
      operationId: 'getCluster',
      tags,
      request: { params: pathParams('account', 'cluster') },
      responses: { 200: { ...json(ClusterView, 'The cluster'), ...version } },
    },
  );
  return { create, list, get };
}

/** Changing and deleting. */
function changes(deps: ManagementDeps) {
  const update = defineRoute(
    deps,
    { requires: 'write' },
    {
      method: 'patch',
      path: ONE,
      summary: 'Change a cluster; with If-Match only the version that you have seen',
      description: 'Its name, labels, end, and whether it is a template.',
      operationId: 'updateCluster',
      refuses: ['name-taken', 'conflict', 'limit-reached', 'precondition-failed', 'port-unavailable'],
      tags,
      request: { params: pathParams('account', 'cluster'), headers: IfMatch, ...body(ClusterChange) },
      responses: { 200: { ...json(ClusterView, 'The cluster'), ...version } },
    },
  );
  const remove = defineRoute(
    deps,
    { requires: 'write' },
    {
      method: 'delete',
      path: ONE,
      summary: 'Delete a cluster and everything in it',
      description: 'It answers no more at once, and its name is free. Until the grace is over it can be restored by its id.',
      operationId: 'deleteCluster',
      refuses: ['conflict', 'precondition-failed'],
      tags,
      request: { params: pathParams('account', 'cluster'), headers: IfMatch, query: DeleteQuery },
      responses: {
        200: { ...json(ClusterView, 'It is deleted, and can be restored until purgeAt'), ...version },
        204: { description: 'It is gone for good' },
      },
    },
  );
  return { update, remove };
}

/** A cluster with its creator's kubeconfig. */
const madeView = (deps: ManagementDeps, { row, token }: CreatedCluster, url: string) => ({
  ...viewOf(deps, row, url),
  kubeconfig: kubeconfigFor(deps, row, url, token),
});

type AnyContext = Pick<Context<ManagementEnv>, 'req' | 'header' | 'json'>;

/** A finished fork, or its operation. */
export function forkAnswer(deps: ManagementDeps, c: AnyContext, account: string, forked: Forked) {
  if ('row' in forked) return c.json(madeView(deps, forked, c.req.url), 201);
  c.header('location', `/v1/accounts/${account}/operations/${forked.operation.id}`);
  return c.json(operationView(forked.operation), 202);
}

/** /v1/accounts/{account}/clusters */
export function clusterRoutes(deps: ManagementDeps) {
  const tagged = (c: AnyContext, row: ClusterRow) => {
    c.header('etag', etagOf(row));
    return viewOf(deps, row, c.req.url);
  };
  const { create, list, get } = definitions(deps);
  const { update, remove } = changes(deps);
  return router()
    .openapi(create, async (c) => {
      const { template, apiOnly = false, legacyApis = false, nodes = NODES, clock = 'real', ...request } = c.req.valid('json');
      const [access, who] = [c.get('access'), c.get('principal')];
      if (template !== undefined) {
        const source = await findTemplate(deps, access, template);
        return forkAnswer(deps, c, access.accountId, await forkCluster(deps, access, who, source, request));
      }
      const asked = { ...request, apiOnly, legacyApis, nodes, clock, labels: request.labels ?? {} };
      const audit = (row: ClusterRow, when: SQL) => auditStatement(deps, c, row, when);
      const made = await createCluster(deps, access, who, asked, audit);
      c.set('audited', 201);
      return c.json(madeView(deps, made, c.req.url), 201);
    })
    .openapi(list, async (c) => {
      const { items, next } = await listClusters(deps, c.get('access'), c.req.valid('query'));
      const entries = items.map((row) => viewOf(deps, row, c.req.url));
      return c.json({ items: entries, ...(next !== undefined && { next }) }, 200);
    })
    .openapi(get, (c) => c.json(tagged(c, c.get('cluster')), 200))
    .openapi(update, async (c) => {
      const ifMatch = c.req.header('if-match');
      const row = await updateCluster(deps, c.get('access'), c.get('cluster'), c.req.valid('json'), ifMatch);
      return c.json(tagged(c, row), 200);
    })
    .openapi(remove, async (c) => {
      const row = c.get('cluster');
      checkMatch(row, c.req.header('if-match'));
      const isMade = row.state !== 'creating';
      const deleted = isMade ? await deleteCluster(deps, row, c.req.valid('query').grace) : await cancelFork(deps, row);
      return deleted ? c.json(tagged(c, deleted), 200) : c.body(null, 204);
    });
}
