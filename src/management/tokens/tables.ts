import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { accounts } from '../accounts/tables.ts';

/** API tokens: only their hash stays. `hint` is the visible beginning, so that a person knows which is which. */
export const tokens = sqliteTable(
  'tokens',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    hash: text('hash').notNull().unique(),
    hint: text('hint').notNull(),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [index('tokens_account').on(table.accountId)],
);
