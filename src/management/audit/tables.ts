import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Audit log of the management API. Append-only (a trigger refuses the rest), without secrets. */
export const audit = sqliteTable(
  'audit',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    /** Absent: no account (operator, sign-ins). */
    accountId: text('account_id'),
    /** Actor (`actorOf`). */
    actor: text('actor', { mode: 'json' }).$type<{ type: string; id: string; name: string }>().notNull(),
    /** operationId of the route. */
    action: text('action').notNull(),
    /** Path parameters and ids of the result, never a secret. */
    target: text('target', { mode: 'json' }).$type<Record<string, string>>().notNull(),
    status: integer('status').notNull(),
    requestId: text('request_id').notNull(),
  },
  (table) => [index('audit_account').on(table.accountId, table.id)],
);
