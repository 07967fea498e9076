import type { ManagementDeps } from '../deps.ts';
import { router } from '../http/router.ts';
import { pathParams, defineRoute } from '../http/route.ts';
import { iso, json } from '../http/shapes.ts';
import type { UsageHour } from '../../tenancy/usage.ts';
import { AccountUsageQuery, AccountUsageView, ClusterUsageView, UsageQuery } from './schema.ts';
import { accountTotals, checkedSpan, hoursOf, totalsOf, usageByCluster, usageByHour } from './service.ts';

const MS = 1000;
const tags = ['usage'];
const ACCOUNT = '/accounts/{account}';

const hourView = ({ hour, awakeMs, ...rest }: UsageHour) => ({ hour: iso(hour), ...rest, awakeSeconds: awakeMs / MS });

/** Usage of a cluster and of an account. */
export function usageRoutes(deps: ManagementDeps) {
  const ofCluster = defineRoute(
    deps,
    { requires: 'read' },
    {
      method: 'get',
      path: `${ACCOUNT}/clusters/{cluster}/usage`,
      summary: 'What a cluster was used for, by the hour',
      operationId: 'getUsage',
      tags,
      request: { params: pathParams('account', 'cluster'), query: UsageQuery },
      responses: { 200: json(ClusterUsageView, 'Its usage') },
    },
  );
  const ofAccount = defineRoute(
    deps,
    { requires: 'read', allowOperator: true },
    {
      method: 'get',
      path: `${ACCOUNT}/usage`,
      summary: 'What the clusters of an account were used for',
      operationId: 'getAccountUsage',
      tags,
      request: { params: pathParams('account'), query: AccountUsageQuery },
      responses: { 200: json(AccountUsageView, 'Their usage') },
    },
  );
  return router()
    .openapi(ofCluster, async (c) => {
      const span = checkedSpan(deps, c.req.valid('query'));
      const { hours, meter } = await hoursOf(deps, c.get('cluster'), span);
      const view = { from: iso(span.from), to: iso(span.to), hours: hours.map(hourView), totals: totalsOf(hours) };
      return c.json({ ...view, ...(meter && { meter }) }, 200);
    })
    .openapi(ofAccount, async (c) => {
      const { group, limit, after, ...request } = c.req.valid('query');
      const span = checkedSpan(deps, request);
      const { accountId } = c.get('access');
      const page = { limit, after };
      const [totals, { next, items }] = await Promise.all([
        accountTotals(deps, accountId, span),
        group === 'hour'
          ? usageByHour(deps, accountId, span, page).then((found) => ({
              ...found,
              items: found.items.map(({ hour, ...rest }) => ({ hour: iso(hour), ...rest })),
            }))
          : usageByCluster(deps, accountId, span, page),
      ]);
      const view = { from: iso(span.from), to: iso(span.to), items, totals };
      return c.json({ ...view, ...(next !== undefined && { next }) }, 200);
    });
}
