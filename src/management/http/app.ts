import { bodyLimit } from 'hono/body-limit';
import { invitationRoutes } from '../accounts/invitation-routes.ts';
import { memberRoutes } from '../accounts/member-routes.ts';
import { planRoutes } from '../accounts/plan-routes.ts';
import { accountRoutes } from '../accounts/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { authenticationRoutes } from '../authentication/routes.ts';
import { clockRoutes } from '../clock/routes.ts';
import { sameOrigin } from './auth.ts';
import { credentialRoutes } from '../clusters/credential-routes.ts';
import { lifecycleRoutes } from '../clusters/lifecycle-routes.ts';
import { clusterRoutes } from '../clusters/routes.ts';
import type { ManagementDeps } from '../deps.ts';
import { asProblem, Problem } from './errors.ts';
import { BODY_BYTES } from '../limits.ts';
import { operatorRoutes } from '../operator/routes.ts';
import { operationRoutes } from '../operations/routes.ts';
import { pageRoutes } from '../people/page-routes.ts';
import { peopleRoutes } from '../people/routes.ts';
import { problemRoutes } from '../problems/routes.ts';
import { named } from './requests.ts';
import { noRoute, router } from './router.ts';
import { ProblemBody } from './shapes.ts';
import { tokenRoutes } from '../tokens/routes.ts';
import { usageRoutes } from '../usage/routes.ts';

/** The route modules under /v1. A list, not a chain: the type of a chain repeats every route for each module after it, and dominates compile time. */
const API = [
  accountRoutes,
  tokenRoutes,
  clusterRoutes,
  lifecycleRoutes,
  credentialRoutes,
  operationRoutes,
  auditRoutes,
  authenticationRoutes,
  clockRoutes,
  usageRoutes,
  planRoutes,
  memberRoutes,
  invitationRoutes,
  peopleRoutes,
  problemRoutes,
] as const;
const PAGES = [pageRoutes, operatorRoutes] as const;

/** A route module; the client infers its requests and answers from it. */
export type RouteModule = (typeof API)[number];

/** The management API under /v1. The source of openapi.yaml. */
export function createApp(deps: ManagementDeps) {
  const origin = (url: string) => deps.url ?? new URL(url).origin;
  const app = router();
  app.onError((error, c) => {
    // Unexpected errors are logged with the request (requests.ts).
    return asProblem(error).response(origin(c.req.url));
  });
  app.notFound((c) => noRoute(app.routes, c.req).response(origin(c.req.url)));
  app.use(named(deps));
  app.use(sameOrigin(deps));
  const bounded = bodyLimit({
    maxSize: BODY_BYTES,
    onError: (c) => new Problem('too-large', `a body has at most ${BODY_BYTES} bytes`).response(origin(c.req.url)),
  });
  app.use(async (c, next) => {
    let isRead = false;
    try {
      return await bounded(c, () => {
        isRead = true;
        return next();
      });
    } catch (error) {
      throw isRead ? error : new Problem('invalid-request', 'the body ends before it should, or is not framed as it says');
    }
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.openAPIRegistry.register('Problem', ProblemBody);
  for (const room of API) app.route('/v1', room(deps));
  for (const room of PAGES) app.route('/', room(deps));
  return app;
}
