import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { clusterNotFound, Problem } from '../http/errors.ts';
import { defineRoute, pathParams } from '../http/route.ts';
import { router } from '../http/router.ts';
import { json } from '../http/shapes.ts';
import { AuthenticationConfiguration } from './schema.ts';

const tags = ['clusters'];
const path = '/accounts/{account}/clusters/{cluster}/authentication' as const;
const YAML = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://issuer.example.com
    audiences: [kubernetes]
  claimMappings:
    username: {claim: email, prefix: ""}
    groups: {claim: groups, prefix: "sso:"}
`;

function definitions(deps: ManagementDeps) {
  const params = pathParams('account', 'cluster');
  const access = { requires: 'admin', allowRestrictedTokens: true } as const;
  const get = defineRoute(deps, access, {
    method: 'get',
    path,
    summary: 'Which OIDC issuers the cluster trusts',
    description: 'The AuthenticationConfiguration of apiserver.config.k8s.io/v1 that is in force.',
    operationId: 'getAuthentication',
    tags,
    request: { params },
    responses: { 200: json(AuthenticationConfiguration, 'The configuration; 404 when there is none') },
  });
  const put = defineRoute(deps, access, {
    method: 'put',
    path,
    summary: 'Have the cluster trust tokens of OIDC issuers',
    description:
      'An AuthenticationConfiguration of apiserver.config.k8s.io/v1, as JSON or YAML. It counts from the next request on, ' +
      'and ends the watches that tokens of issuers opened.',
    operationId: 'putAuthentication',
    tags,
    request: {
      params,
      // Required would have every body checked as JSON; the cluster itself reads it, whatever it is, and refuses none.
      body: {
        content: {
          'application/json': { schema: AuthenticationConfiguration },
          'application/yaml': { schema: z.string().openapi({ example: YAML }) },
        },
      },
    },
    responses: { 200: json(AuthenticationConfiguration, 'The configuration in force') },
  });
  const remove = defineRoute(deps, access, {
    method: 'delete',
    path,
    summary: 'Trust no issuers any more',
    description: 'Their tokens are refused from the next request on, and watches that they opened end.',
    operationId: 'deleteAuthentication',
    tags,
    request: { params },
    responses: { 204: { description: 'No issuer is trusted any more' } },
  });
  return { get, put, remove };
}

/** Which OIDC issuers a cluster trusts. */
export function authenticationRoutes(deps: ManagementDeps) {
  const { get, put, remove } = definitions(deps);
  return router()
    .openapi(get, async (c) => {
      const { id, name } = c.get('cluster');
      const found = await deps.clusters.authentication(id);
      if (found === undefined) throw clusterNotFound(name);
      if (found === null) throw new Problem('not-found', 'the cluster trusts no issuers');
      return c.json(found as z.infer<typeof AuthenticationConfiguration>, 200);
    })
    .openapi(put, async (c) => {
      const { id, name } = c.get('cluster');
      const set = await deps.clusters.setAuthentication(id, await c.req.text());
      if (!set) throw clusterNotFound(name);
      if ('refused' in set) throw new Problem('invalid-request', set.refused);
      return c.json(set.configuration as z.infer<typeof AuthenticationConfiguration>, 200);
    })
    .openapi(remove, async (c) => {
      const { id, name } = c.get('cluster');
      if (!(await deps.clusters.setAuthentication(id, undefined))) throw clusterNotFound(name);
      return c.body(null, 204);
    });
}
