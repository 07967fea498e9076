import { z } from '@hono/zod-openapi';
import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { defineRoute } from '../http/route.ts';

const EXPOSITION = 'text/plain; version=0.0.4';

/** Routes of the operator: metrics. */
export function operatorRoutes(deps: ManagementDeps) {
  const metrics = defineRoute(
    deps,
    { requires: 'operator' },
    {
      method: 'get',
      path: '/metrics',
      summary: 'Counters and latencies in the text form of Prometheus',
      description: 'Of the isolate that answers. Nothing in it names a tenant.',
      operationId: 'getMetrics',
      tags: ['operator'],
      responses: {
        200: {
          description: 'Metrics',
          content: { 'text/plain': { schema: z.string().openapi({ example: 'atoll_turns_total 128\n' }) } },
        },
      },
    },
  );
  return router().openapi(metrics, (c) => c.text(deps.metrics(), 200, { 'content-type': EXPOSITION }));
}
