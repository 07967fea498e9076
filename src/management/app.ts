import { bodyLimit } from 'hono/body-limit';
import { invitationRoutes } from './accounts/invitation-routes.ts';
import { memberRoutes } from './accounts/member-routes.ts';
import { accountRoutes } from './accounts/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { fromOurselves } from './auth.ts';
import { credentialRoutes } from './clusters/credential-routes.ts';
import { lifecycleRoutes } from './clusters/lifecycle-routes.ts';
import { clusterRoutes } from './clusters/routes.ts';
import type { ManagementDeps } from './deps.ts';
import { asProblem, Problem } from './errors.ts';
import { BODY_BYTES } from './limits.ts';
import { operationRoutes } from './operations/routes.ts';
import { pageRoutes } from './people/page-routes.ts';
import { peopleRoutes } from './people/routes.ts';
import { named } from './requests.ts';
import { router } from './router.ts';
import { tokenRoutes } from './tokens/routes.ts';

const INFO = {
  openapi: '3.1.0',
  info: {
    title: 'Atoll',
    version: '1',
    description: 'Accounts, tokens and clusters. Each cluster speaks the Kubernetes API at its own address.',
  },
  servers: [{ url: 'https://localhost:8443' }],
};

/** The product around clusters, under /v1. The one source of openapi.yaml. */
export function createApp(deps: ManagementDeps) {
  const origin = (url: string) => deps.url ?? new URL(url).origin;
  const app = router();
  app.onError((error, c) => {
    const problem = asProblem(error);
    if (problem.code === 'internal') console.error(error);
    return problem.response(origin(c.req.url));
  });
  app.notFound((c) => new Problem('not-found', `no route ${c.req.method} ${c.req.path}`).response(origin(c.req.url)));
  app.use(named(deps));
  app.use(fromOurselves(deps));
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES,
      onError: (c) => new Problem('too-large', `a body has at most ${BODY_BYTES} bytes`).response(origin(c.req.url)),
    }),
  );
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  return app
    .route('/v1', accountRoutes(deps))
    .route('/v1', tokenRoutes(deps))
    .route('/v1', clusterRoutes(deps))
    .route('/v1', lifecycleRoutes(deps))
    .route('/v1', credentialRoutes(deps))
    .route('/v1', operationRoutes(deps))
    .route('/v1', auditRoutes(deps))
    .route('/v1', memberRoutes(deps))
    .route('/v1', invitationRoutes(deps))
    .route('/v1', peopleRoutes(deps))
    .route('/', pageRoutes(deps));
}

/** The API document of the app. */
export const documentOf = (app: ReturnType<typeof createApp>): object => app.getOpenAPI31Document(INFO);
