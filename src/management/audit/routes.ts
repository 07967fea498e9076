import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { clusterNotFound, Problem } from '../http/errors.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { headers, iso, json, pageOf } from '../http/shapes.ts';
import { AuditEntry, AuditPolicy, AuditPolicySetView, AuditRequestQuery, EventsQuery } from './schema.ts';
import { auditPage, type AuditRow, type AuditRequest } from './service.ts';

const tags = ['audit'];
const CLUSTER = '/accounts/{account}/clusters/{cluster}';
const NDJSON = 'application/x-ndjson';

const nextPage = headers({ Link: 'With rel="next" the address of the next page of lines, if there is one.' });

const entryView = ({ accountId, at: time, ...row }: AuditRow): z.infer<typeof AuditEntry> => ({
  ...row,
  actor: row.actor as z.infer<typeof AuditEntry>['actor'],
  at: iso(time),
  ...(accountId !== null && { accountId }),
});

/** Entries as a page, or as JSON lines. */
const pages = {
  200: {
    description: 'Entries of the log: as a page, or one a line for who accepts that',
    ...nextPage,
    content: {
      'application/json': { schema: pageOf(AuditEntry).openapi('AuditEntryList') },
      [NDJSON]: {
        schema: z
          .string()
          .openapi({ description: 'An AuditEntry a line.', example: '{"id":1207,"action":"createCluster",...}\n' }),
      },
    },
  },
};

/** Logs of the management API. */
function logs(deps: ManagementDeps) {
  const ofAccount = defineRoute(
    deps,
    { requires: 'admin', allowOperator: true, allowDeleting: true },
    {
      method: 'get',
      path: '/accounts/{account}/audit',
      summary: 'Who did what in the account',
      description:
        'Every request that may have changed something and every refusal, each written down before it was answered. Kept for 400 days.',
      operationId: 'listAudit',
      tags,
      request: { params: pathParams('account'), query: AuditRequestQuery },
      responses: pages,
    },
  );
  const ofNone = defineRoute(
    deps,
    { requires: 'operator' },
    {
      method: 'get',
      path: '/audit',
      summary: 'Who did what that belongs to no account: sign-ins, the making of accounts',
      description: 'As that of an account.',
      operationId: 'listOperatorAudit',
      tags,
      request: { query: AuditRequestQuery },
      responses: pages,
    },
  );
  return { ofAccount, ofNone };
}

/** Audit policy of a cluster's own audit log. */
function policies(deps: ManagementDeps) {
  const params = pathParams('account', 'cluster');
  const getPolicy = defineRoute(
    deps,
    { requires: 'admin', allowRestrictedTokens: true },
    {
      method: 'get',
      path: `${CLUSTER}/audit-policy`,
      summary: 'What the cluster writes into its audit log',
      description: 'The Policy of audit.k8s.io/v1 that is in force.',
      operationId: 'getAuditPolicy',
      tags,
      request: { params },
      responses: { 200: json(AuditPolicy, 'The policy; 404 when there is none, and nothing is written') },
    },
  );
  const putPolicy = defineRoute(
    deps,
    { requires: 'admin', allowRestrictedTokens: true },
    {
      method: 'put',
      path: `${CLUSTER}/audit-policy`,
      summary: 'Have the cluster keep a Kubernetes audit log',
      description: 'A Policy of audit.k8s.io/v1, as JSON or YAML. It counts from the next request on.',
      operationId: 'putAuditPolicy',
      tags,
      request: {
        params,
        // `required` would have every body validated as JSON; the cluster itself reads and validates it.
        body: {
          content: {
            'application/json': { schema: AuditPolicy },
            'application/yaml': {
              schema: z.string().openapi({ example: 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n' }),
            },
          },
        },
      },
      responses: { 200: json(AuditPolicySetView, 'The policy in force') },
    },
  );
  const deletePolicy = defineRoute(
    deps,
    { requires: 'admin', allowRestrictedTokens: true },
    {
      method: 'delete',
      path: `${CLUSTER}/audit-policy`,
      summary: 'Stop writing an audit log; what is written stays',
      description: 'What is written stays until it is too old.',
      operationId: 'deleteAuditPolicy',
      tags,
      request: { params },
      responses: { 204: { description: 'Nothing is written any more' } },
    },
  );
  return { getPolicy, putPolicy, deletePolicy };
}

const eventsOf = (deps: ManagementDeps) =>
  defineRoute(
    deps,
    { requires: 'admin', allowRestrictedTokens: true },
    {
      method: 'get',
      path: `${CLUSTER}/audit`,
      summary: "The cluster's audit log, the oldest first",
      description: 'Events of audit.k8s.io/v1 as JSON lines, as kube-apiserver writes them.',
      operationId: 'listAuditEvents',
      tags,
      request: { params: pathParams('account', 'cluster'), query: EventsQuery },
      responses: {
        200: {
          description: 'An Event of audit.k8s.io/v1 a line',
          ...nextPage,
          content: {
            // The library takes "x-ndjson" for neither JSON nor text, and would infer no answer.
            [NDJSON as string]: {
              schema: z.string().openapi({ example: '{"kind":"Event","apiVersion":"audit.k8s.io/v1",...}\n' }),
            },
          },
        },
      },
    },
  );

/** Link to the next page. */
function link(deps: ManagementDeps, requested: string, next: string | undefined): Record<string, string> {
  if (next === undefined) return {};
  const url = new URL(requested);
  url.searchParams.set('after', next);
  return { link: `<${deps.url ?? url.origin}${url.pathname}${url.search}>; rel="next"` };
}

/** Audit logs, of accounts and of clusters. */
export function auditRoutes(deps: ManagementDeps) {
  const { ofAccount, ofNone } = logs(deps);
  const { getPolicy, putPolicy, deletePolicy } = policies(deps);
  const events = eventsOf(deps);
  /** In the format that the client accepts. */
  async function page(
    accept: string | undefined,
    url: string,
    accountId: string | null,
    request: AuditRequest,
  ): Promise<Response> {
    const { items, next } = await auditPage(deps, accountId, request);
    const entries = items.map(entryView);
    if (!accept?.includes(NDJSON)) return Response.json({ items: entries, ...(next !== undefined && { next }) });
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    return new Response(lines, { headers: { 'content-type': NDJSON, ...link(deps, url, next) } });
  }
  return router()
    .openapi(ofAccount, (c) => page(c.req.header('accept'), c.req.url, c.get('access').accountId, c.req.valid('query')) as never)
    .openapi(ofNone, (c) => page(c.req.header('accept'), c.req.url, null, c.req.valid('query')) as never)
    .openapi(getPolicy, async (c) => {
      const { id, name } = c.get('cluster');
      const policy = await deps.clusters.auditPolicy(id);
      if (policy === undefined) throw clusterNotFound(name);
      if (policy === null) throw new Problem('not-found', 'the cluster has no audit policy, and writes no audit log');
      return c.json(policy as z.infer<typeof AuditPolicy>, 200);
    })
    .openapi(putPolicy, async (c) => {
      const { id, name } = c.get('cluster');
      const set = await deps.clusters.setAuditPolicy(id, await c.req.text());
      if (!set) throw clusterNotFound(name);
      if ('refused' in set) throw new Problem('invalid-request', set.refused);
      return c.json({ policy: set.policy as z.infer<typeof AuditPolicy>, warnings: set.warnings }, 200);
    })
    .openapi(deletePolicy, async (c) => {
      const { id, name } = c.get('cluster');
      if (!(await deps.clusters.setAuditPolicy(id, undefined))) throw clusterNotFound(name);
      return c.body(null, 204);
    })
    .openapi(events, async (c) => {
      const { id, name } = c.get('cluster');
      const found = await deps.clusters.audit(id, c.req.valid('query'));
      if (!found) throw clusterNotFound(name);
      return new Response(found.lines, { headers: { 'content-type': NDJSON, ...link(deps, c.req.url, found.next) } });
    });
}
