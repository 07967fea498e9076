import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Usage of each cluster per hour: copied from the clusters' own tables, which are authoritative. Rows outlive their clusters. */
export const usage = sqliteTable(
  'usage',
  {
    clusterId: text('cluster_id').notNull(),
    accountId: text('account_id').notNull(),
    /** Start of the hour, ms since the epoch. */
    hour: integer('hour').notNull(),
    requests: integer('requests').notNull(),
    writes: integer('writes').notNull(),
    /** Maximum of stored bytes. */
    bytes: integer('bytes').notNull(),
    awakeMs: integer('awake_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.clusterId, table.hour] }), index('usage_account').on(table.accountId, table.hour)],
);
