import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const OPERATION_TYPES = ['delete-account', 'fork-cluster'] as const;
export const OPERATION_STATES = ['running', 'done', 'failed'] as const;

/** Progress and outcome of long-running work. Rows outlive their targets. */
export const operations = sqliteTable(
  'operations',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    type: text('type', { enum: OPERATION_TYPES }).notNull(),
    /** Id of the target. */
    target: text('target').notNull(),
    state: text('state', { enum: OPERATION_STATES }).notNull(),
    done: integer('done').notNull(),
    total: integer('total').notNull(),
    error: text('error'),
    /** A task continues it: the request has been answered. */
    queued: integer('queued', { mode: 'boolean' }).notNull().default(false),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [index('operations_account').on(table.accountId), index('operations_state').on(table.state)],
);

/** Stored answers of POSTs with an Idempotency-Key. */
export const idempotency = sqliteTable(
  'idempotency',
  {
    /** Principal: "token:ID", "person:ID" or "operator". */
    principal: text('principal').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of method, path and body: another request under the same key is refused. */
    request: text('request').notNull(),
    /** Absent: the first request is still running. */
    status: integer('status'),
    /** The answer, encrypted with a key that only the bearer's own token yields: it may hold a secret. */
    sealed: text('sealed'),
    createdAt: integer('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.principal, table.key] }), index('idempotency_created').on(table.createdAt)],
);
