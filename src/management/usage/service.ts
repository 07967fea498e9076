import { and, asc, eq, gt, lt, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { ClusterUsage } from '../../tenancy/usage.ts';
import type { ClusterRow } from '../clusters/rows.ts';
import { clusters } from '../clusters/tables.ts';
import { cursorOf, partsOf } from '../http/cursors.ts';
import type { ManagementDeps } from '../deps.ts';
import { Problem } from '../http/errors.ts';
import type { UsageHour } from '../../tenancy/usage.ts';
import { spanError, spanOf } from './schema.ts';
import { usage } from './tables.ts';

const HOUR_MS = 3_600_000;
const MS = 1000;

/** Sums of counters, maximum of stored bytes. */
export interface Figures {
  requests: number;
  writes: number;
  bytes: number;
  awakeSeconds: number;
}

/** Time range of a query. */
export function checkedSpan(deps: ManagementDeps, request: { from?: string | undefined; to?: string | undefined }) {
  const span = spanOf(request, deps.now());
  const wrong = spanError(span);
  if (wrong) throw new Problem('invalid-request', wrong);
  return span;
}

type Span = ReturnType<typeof checkedSpan>;

const overlaps = ({ from, to }: Span): SQL => and(gt(usage.hour, from - HOUR_MS), lt(usage.hour, to)) as SQL;

/** Hours of one cluster, oldest first: its own count up to now, and the deployment's copy of hours that it has dropped, or of a deleted cluster. */
export async function hoursOf(
  deps: ManagementDeps,
  row: ClusterRow,
  span: Span,
): Promise<{ hours: UsageHour[]; meter: ClusterUsage | undefined }> {
  const [own, meter, recorded] = await Promise.all([
    deps.clusters.hours(row.id, span.from, span.to),
    deps.clusters.usage(row.id),
    deps.db
      .select()
      .from(usage)
      .where(and(eq(usage.clusterId, row.id), overlaps(span)))
      .orderBy(asc(usage.hour)),
  ]);
  const known = new Set(own?.map(({ hour }) => hour));
  const older = recorded.filter(({ hour }) => !known.has(hour));
  const all = [...older, ...(own ?? [])].sort((a, b) => a.hour - b.hour);
  return {
    hours: all.map(({ hour, requests, writes, bytes, awakeMs }) => ({ hour, requests, writes, bytes, awakeMs })),
    meter,
  };
}

/** Sum of hours. */
export function totalsOf(hours: readonly UsageHour[]): Figures {
  const totals = { requests: 0, writes: 0, bytes: 0, awakeSeconds: 0 };
  for (const { requests, writes, bytes, awakeMs } of hours) {
    totals.requests += requests;
    totals.writes += writes;
    totals.bytes = Math.max(totals.bytes, bytes);
    totals.awakeSeconds += awakeMs / MS;
  }
  return totals;
}

const sum = (column: SQLWrapper) => sql<number>`coalesce(sum(${column}), 0)`;
const sums = {
  requests: sum(usage.requests),
  writes: sum(usage.writes),
  awakeMs: sum(usage.awakeMs),
};

const figures = ({ awakeMs, ...rest }: { requests: number; writes: number; bytes: number; awakeMs: number }): Figures => ({
  ...rest,
  awakeSeconds: awakeMs / MS,
});

/** Usage of all clusters of an account, deleted ones included. */
export async function accountTotals(deps: ManagementDeps, accountId: string, span: Span): Promise<Figures> {
  const where = and(eq(usage.accountId, accountId), overlaps(span));
  const byHour = deps.db
    .select({
      requests: sums.requests.as('requests'),
      writes: sums.writes.as('writes'),
      bytes: sum(usage.bytes).as('bytes'),
      awakeMs: sums.awakeMs.as('awake_ms'),
    })
    .from(usage)
    .where(where)
    .groupBy(usage.hour)
    .as('by_hour');
  const [totals] = await deps.db
    .select({
      requests: sql<number>`coalesce(sum(${byHour.requests}), 0)`,
      writes: sql<number>`coalesce(sum(${byHour.writes}), 0)`,
      bytes: sql<number>`coalesce(max(${byHour.bytes}), 0)`,
      awakeMs: sql<number>`coalesce(sum(${byHour.awakeMs}), 0)`,
    })
    .from(byHour);
  return figures(totals);
}

interface PageRequest {
  limit: number;
  after?: string | undefined;
}

/** A page of an account's clusters, by their ids. */
export async function usageByCluster(deps: ManagementDeps, accountId: string, span: Span, { limit, after }: PageRequest) {
  const from = partsOf(after, 'string');
  const rows = await deps.db
    .select({ cluster: usage.clusterId, name: clusters.name, ...sums, bytes: sql<number>`max(${usage.bytes})` })
    .from(usage)
    .leftJoin(clusters, eq(clusters.id, usage.clusterId))
    .where(and(eq(usage.accountId, accountId), overlaps(span), from && gt(usage.clusterId, from[0])))
    .groupBy(usage.clusterId)
    .orderBy(asc(usage.clusterId))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map(({ cluster, name, ...rest }) => ({ cluster, ...(name !== null && { name }), ...figures(rest) })),
    ...(last && { next: cursorOf(last.cluster) }),
  };
}

/** A page of an account's hours, oldest first. */
export async function usageByHour(deps: ManagementDeps, accountId: string, span: Span, { limit, after }: PageRequest) {
  const from = partsOf(after, 'number');
  const rows = await deps.db
    .select({ hour: usage.hour, ...sums, bytes: sum(usage.bytes) })
    .from(usage)
    .where(and(eq(usage.accountId, accountId), overlaps(span), from && gt(usage.hour, from[0])))
    .groupBy(usage.hour)
    .orderBy(asc(usage.hour))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items: items.map(({ hour, ...rest }) => ({ hour, ...figures(rest) })),
    ...(last && { next: cursorOf(last.hour) }),
  };
}
