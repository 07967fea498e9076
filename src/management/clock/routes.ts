import type { z } from '@hono/zod-openapi';
import { durationMs } from '../../lib/duration.ts';
import type { ClockCommand, ClockState } from '../../tenancy/clock.ts';
import type { ManagementDeps } from '../deps.ts';
import { clusterNotFound, Problem } from '../http/errors.ts';
import { defineRoute, pathParams } from '../http/route.ts';
import { router } from '../http/router.ts';
import { body, iso, json } from '../http/shapes.ts';
import { Clock, ClockChange } from './schema.ts';

const tags = ['clusters'];
const path = '/accounts/{account}/clusters/{cluster}/clock' as const;

function definitions(deps: ManagementDeps) {
  const params = pathParams('account', 'cluster');
  const get = defineRoute(
    deps,
    { requires: 'read', allowRestrictedTokens: true },
    {
      method: 'get',
      path,
      summary: 'What the clock of a cluster shows',
      operationId: 'getClock',
      tags,
      request: { params },
      responses: { 200: json(Clock, 'The clock') },
    },
  );
  const set = defineRoute(
    deps,
    { requires: 'write', allowRestrictedTokens: true },
    {
      method: 'post',
      path,
      summary: 'Advance, run or stop a virtual clock',
      description:
        'For clusters that were made with clock "virtual". An advance goes on after this answer: GET tells how far it is. What is due in the ' +
        'span happens in order, each at its own time, and watches see every step.',
      operationId: 'setClock',
      refuses: ['conflict'],
      tags,
      request: { params, ...body(ClockChange) },
      responses: { 200: json(Clock, 'The clock, which moves or stands as it was told') },
    },
  );
  return { get, set };
}

function viewOf({ mode, state, now, from, until, speed }: ClockState) {
  return {
    mode,
    state,
    now: iso(now),
    ...(from !== undefined && { from: iso(from) }),
    ...(until !== undefined && { until: iso(until) }),
    ...(speed !== undefined && { speed }),
  };
}

function commandOf({ advance, speed }: z.infer<typeof ClockChange>): ClockCommand {
  if (advance !== undefined) return { advanceMs: durationMs(advance) ?? 0 };
  return speed === undefined ? { stop: true } : { speed };
}

/** /v1/accounts/{account}/clusters/{cluster}/clock */
export function clockRoutes(deps: ManagementDeps) {
  const { get, set } = definitions(deps);
  return router()
    .openapi(get, async (c) => {
      const { id, name } = c.get('cluster');
      const clock = await deps.clusters.clock(id);
      if (!clock) throw clusterNotFound(name);
      return c.json(viewOf(clock), 200);
    })
    .openapi(set, async (c) => {
      const { id, name } = c.get('cluster');
      const set = await deps.clusters.setClock(id, commandOf(c.req.valid('json')));
      if (!set) throw clusterNotFound(name);
      if ('refused' in set) throw new Problem('conflict', set.refused);
      return c.json(viewOf(set.clock), 200);
    });
}
