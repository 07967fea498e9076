import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** What each cluster cost in each hour: a copy of the clusters' own tables, which decide. Rows outlive their clusters. */
export const usage = sqliteTable(
  'usage',
  {
    clusterId: text('cluster_id').notNull(),
    accountId: text('account_id').notNull(),
    /** Beginning of the hour, ms since the epoch. */
    hour: integer('hour').notNull(),
    requests: integer('requests').notNull(),
    writes: integer('writes').notNull(),
    /** Most bytes that were stored. */
    bytes: integer('bytes').notNull(),
    awakeMs: integer('awake_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.clusterId, table.hour] }), index('usage_account').on(table.accountId, table.hour)],
);
