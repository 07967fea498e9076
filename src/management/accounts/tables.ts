import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Whoever owns clusters. */
export const accounts = sqliteTable('accounts', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  createdAt: integer('created_at').notNull(),
});
