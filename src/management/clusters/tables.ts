import { integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { accounts } from '../accounts/tables.ts';

/** Which account has which cluster. What is inside a cluster, its credentials too, is the cluster's own. */
export const clusters = sqliteTable(
  'clusters',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    apiOnly: integer('api_only', { mode: 'boolean' }).notNull(),
    legacyApis: integer('legacy_apis', { mode: 'boolean' }).notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [uniqueIndex('clusters_account_name').on(table.accountId, table.name)],
);
