import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Who did what through the management API. Only ever added to (a trigger refuses the rest), and without secrets. */
export const audit = sqliteTable(
  'audit',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    /** Absent: of no account (the operator's own affairs, sign-ins). */
    accountId: text('account_id'),
    /** An actor as `actorOf` tells it. */
    actor: text('actor', { mode: 'json' }).$type<{ type: string; id: string; name: string }>().notNull(),
    /** operationId of the route. */
    action: text('action').notNull(),
    /** What it was about: path parameters and what came of it, never a secret. */
    target: text('target', { mode: 'json' }).$type<Record<string, string>>().notNull(),
    status: integer('status').notNull(),
    requestId: text('request_id').notNull(),
  },
  (table) => [index('audit_account').on(table.accountId, table.id)],
);
