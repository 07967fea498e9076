import { sql } from 'drizzle-orm';
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { LEVELS } from '../http/access.ts';
import { accounts } from '../accounts/tables.ts';

/** API tokens, hashed. `hint` is the visible prefix, so that a person can tell them apart. */
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
    /** Hash of the secret before the last rotation, and the end of its overlap. */
    formerHash: text('former_hash').unique(),
    formerUntil: integer('former_until'),
    scope: text('scope', { enum: LEVELS }).notNull().default('owner'),
    /** Ids of the clusters that it selects; absent: no such bound. */
    clusters: text('clusters', { mode: 'json' }).$type<string[]>(),
    /** Labels of the clusters that it selects; absent: no such bound. */
    labels: text('labels', { mode: 'json' }).$type<Record<string, string>>(),
    /** Owner; deleted when they leave the account. Absent: the account itself. */
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
