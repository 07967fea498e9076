import { z } from '@hono/zod-openapi';
import { USAGE_RANGE_MS } from '../limits.ts';
import { Page, pageOf, Time } from '../http/shapes.ts';

const DAY_MS = 86_400_000;

const figures = {
  requests: z.int().openapi({
    example: 1840,
    description: 'Requests that were answered, but for those without a valid credential (401) and those beyond the rate (429).',
  }),
  writes: z
    .int()
    .openapi({ example: 212, description: 'Of these, POST, PUT, PATCH and DELETE that were answered with success.' }),
  bytes: z.int().openapi({ example: 393_216, description: 'Most bytes that were stored.' }),
  awakeSeconds: z
    .int()
    .openapi({ example: 95, description: 'Seconds of the clock in which it worked, for a client or by itself.' }),
};

const range = {
  from: Time.optional().openapi({ description: 'Beginning; whole hours count. Absent: a day before `to`.' }),
  to: Time.optional().openapi({ description: 'End; absent: now.' }),
};

export const UsageQuery = z.object(range);

export const Totals = z.object(figures).openapi('UsageTotals');

export const Hour = z.object({ hour: Time.openapi({ description: 'Its beginning.' }), ...figures }).openapi('UsageHour');

export const ClusterUsageView = z
  .object({
    from: Time,
    to: Time,
    hours: z.array(Hour).openapi({ description: 'Oldest first; an hour in which nothing happened is left out.' }),
    totals: Totals,
    meter: z
      .object({
        rowsRead: z.int().openapi({ example: 5120 }),
        rowsWritten: z.int().openapi({ example: 431 }),
        awakeMs: z.number().openapi({ example: 812.5 }),
        databaseBytes: z.int().openapi({ example: 393_216 }),
        watchers: z.int().openapi({ example: 2 }),
      })
      .optional()
      .openapi({ description: 'What its object has cost the platform since it last woke: for measuring, not for bills.' }),
  })
  .openapi('ClusterUsage', { description: 'What a cluster was used for, counted by itself, to this moment.' });

export const AccountUsageQuery = z.object({
  ...range,
  group: z.enum(['cluster', 'hour']).default('cluster').openapi({ description: 'What an entry is about.' }),
  ...Page,
});

const ClusterTotals = z
  .object({
    cluster: z.string().openapi({ example: 'bp4sgso3w2rigc65dg2dtwghfz', description: 'Its id.' }),
    name: z.string().optional().openapi({ example: 'demo', description: 'Absent: the cluster is gone.' }),
    ...figures,
  })
  .openapi('UsageOfCluster');

export const AccountUsageView = pageOf(z.union([ClusterTotals, Hour]))
  .extend({ from: Time, to: Time, totals: Totals })
  .openapi('AccountUsage', {
    description:
      'What the clusters of an account were used for, as they told it: within about 15 seconds while they are used. Of an hour, `bytes` is the ' +
      'sum over its clusters; of several hours it is the most.',
  });

/** Requested time range, in ms. */
export function spanOf({ from, to }: { from?: string | undefined; to?: string | undefined }, now: number) {
  const end = to === undefined ? now : Date.parse(to);
  return { from: from === undefined ? end - DAY_MS : Date.parse(from), to: end };
}

/** Error in a time range. */
export function spanError({ from, to }: { from: number; to: number }): string | undefined {
  if (from >= to) return 'from: is not before to';
  return to - from > USAGE_RANGE_MS ? `from: is more than ${USAGE_RANGE_MS / DAY_MS} days before to` : undefined;
}
