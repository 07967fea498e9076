import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { body, json } from '../http/shapes.ts';
import { forkCluster } from './forks.ts';
import { restoreCluster, resumeCluster, suspendCluster } from './lifecycle.ts';
import { forkAnswer, createdAnswers } from './routes.ts';
import { ClusterView, NewFork, RestoreQuery } from './schema.ts';
import { viewOf } from './view.ts';

const tags = ['clusters'];
const ONE = '/accounts/{account}/clusters/{cluster}';

/** Suspending, resuming, restoring and forking. */
function definitions(deps: ManagementDeps) {
  const action = <const T extends string>(verb: T, summary: string, description: string) =>
    ({
      method: 'post',
      path: `${ONE}/${verb}`,
      summary,
      operationId: `${verb}Cluster`,
      tags,
      request: { params: pathParams('account', 'cluster') },
      responses: { 200: json(ClusterView, description) },
    }) as const;
  const suspend = defineRoute(
    deps,
    { requires: 'write' },
    {
      ...action('suspend', 'Suspend a cluster', 'It is suspended'),
      description: 'Kubernetes requests get 503, and nothing goes on in it. It costs its storage only.',
      refuses: ['conflict'],
    },
  );
  const resume = defineRoute(
    deps,
    { requires: 'write' },
    {
      ...action('resume', 'Go on with a suspended cluster', 'It goes on'),
      description: 'What was due meanwhile is done now.',
      refuses: ['conflict'],
    },
  );
  const restoration = action('restore', 'Restore a deleted cluster, named by its id', 'It is back as it was');
  const restore = defineRoute(
    deps,
    { requires: 'write' },
    {
      ...restoration,
      description: 'As it was when it was deleted, with its credentials, until purgeAt.',
      request: { params: pathParams('account', 'cluster'), query: RestoreQuery },
      refuses: ['name-taken', 'conflict', 'limit-reached'],
    },
  );
  const fork = defineRoute(
    deps,
    { requires: 'write' },
    {
      method: 'post',
      path: `${ONE}/fork`,
      summary: 'Copy a cluster as it is now',
      description:
        'The copy has every object at the same revision, and no history, credentials or audit log. The source goes on meanwhile.',
      operationId: 'forkCluster',
      refuses: ['name-taken', 'conflict', 'limit-reached'],
      tags,
      request: { params: pathParams('account', 'cluster'), ...body(NewFork) },
      responses: createdAnswers,
    },
  );
  return { suspend, resume, restore, fork };
}

/** /v1/accounts/{account}/clusters/{cluster}/(suspend|resume|restore|fork) */
export function lifecycleRoutes(deps: ManagementDeps) {
  const { suspend, resume, restore, fork } = definitions(deps);
  return router()
    .openapi(suspend, async (c) => c.json(viewOf(deps, await suspendCluster(deps, c.get('cluster')), c.req.url), 200))
    .openapi(resume, async (c) => c.json(viewOf(deps, await resumeCluster(deps, c.get('cluster')), c.req.url), 200))
    .openapi(restore, async (c) => {
      const row = await restoreCluster(deps, c.get('cluster'), c.req.valid('query').name);
      return c.json(viewOf(deps, row, c.req.url), 200);
    })
    .openapi(fork, async (c) => {
      const access = c.get('access');
      const forked = await forkCluster(deps, access, c.get('principal'), c.get('cluster'), c.req.valid('json'));
      return forkAnswer(deps, c, access.accountId, forked);
    });
}
