import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { LEVELS } from '../http/access.ts';
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
    /** Of the secret before the last rotation, and until when it still counts. */
    formerHash: text('former_hash').unique(),
    formerUntil: integer('former_until'),
    scope: text('scope', { enum: LEVELS }).notNull().default('owner'),
    /** Ids of the clusters that it reaches; absent: no such bound. */
    clusters: text('clusters', { mode: 'json' }).$type<string[]>(),
    /** Labels that the clusters that it reaches must have; absent: no such bound. */
    labels: text('labels', { mode: 'json' }).$type<Record<string, string>>(),
    /** The person whose it is: it goes when they leave. Absent: the account's own. */
    personId: text('person_id'),
    createdBy: text('created_by').notNull().default('operator'),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    lastUsedAt: integer('last_used_at'),
  },
  (table) => [
    index('tokens_account').on(table.accountId),
    index('tokens_person').on(table.personId).where(sql`person_id IS NOT NULL`),
    index('tokens_expires').on(table.expiresAt).where(sql`expires_at IS NOT NULL`),
  ],
);
